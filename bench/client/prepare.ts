/** What the programs import: the peers, installed by the first run, and @larder/client as it is published, built from this checkout. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildClientPackage } from "../../scripts/client-package/build.ts";

const manifest = join(import.meta.dir, "package.json");
const installed = join(import.meta.dir, "node_modules/.package-lock.json");

export function preparePrograms(): void {
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(manifest).mtimeMs) installPeers();
  buildClientPackage(join(import.meta.dir, "node_modules/@larder/client"));
}

function installPeers(): void {
  console.log("Installing the peers into bench/client/node_modules …");
  const { exitCode, stderr } = Bun.spawnSync(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"], {
    cwd: import.meta.dir,
  });
  if (exitCode !== 0) throw new Error(`The peers could not be installed: ${stderr}`);
}
