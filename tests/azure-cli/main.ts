/** `npm run az`: the real Azure CLI against a service of its own (azure-cli.test.ts). Not a part of `npm test`. */
import { join } from "node:path";
import { installAzureCli } from "./install-azure-cli.ts";

const missing = installAzureCli((sentence) => console.log(sentence));
if (missing !== undefined) {
  console.log(missing);
  process.exit(0);
}
const tests = Bun.spawn([process.execPath, "test", import.meta.dir], {
  cwd: join(import.meta.dir, "../.."),
  env: { ...process.env, LARDER_LONG: "1" },
  stdio: ["ignore", "inherit", "inherit"],
});
process.exit(await tests.exited);
