/** The Azure CLI of the machine, or of Debian's or Ubuntu's package: 14 MB to fetch, 600 MB on the disk. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const aptPath = join(import.meta.dir, "../../scripts/engines/apt.sh");

/** Returns the reason when the machine ends up without it. */
export function installAzureCli(say: (sentence: string) => void): string | undefined {
  if (Bun.which("az") !== null) return undefined;
  const otherwise = "Install it as Microsoft describes it, so that `az` is on the path.";
  if (Bun.which("apt-get") === null)
    return `Skipped: there is no Azure CLI, and no apt that could install one. ${otherwise}`;
  say("There is no Azure CLI: apt installs azure-cli (14 MB to fetch, 600 MB on the disk).");
  const install = ["sh", aptPath, "install", "azure-cli"];
  // -n: a password prompt would hang an unattended run.
  const [program = "", ...args] = process.getuid?.() === 0 ? install : ["sudo", "-n", ...install];
  const done = spawnSync(program, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (done.status === 0 && Bun.which("az") !== null) return undefined;
  const why = `${done.stderr ?? ""}${done.error?.message ?? ""}`.trim();
  return `${why}\nSkipped: there is no Azure CLI, and apt could not install it. ${otherwise}`;
}
