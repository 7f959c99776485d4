/** `bun tests/conformance/main.ts`: writes `docs/api-operations.md` anew from what the official clients are answered. */
import { join } from "node:path";
import { writeVariable } from "./operations-page.ts";

const root = join(import.meta.dirname, "../..");
const child = Bun.spawn([process.execPath, "test", "./tests/conformance/"], {
  cwd: root,
  stdio: ["ignore", "inherit", "inherit"],
  env: { ...process.env, [writeVariable]: "1" },
});
process.exit(await child.exited);
