/**
 * The programs that the gateway is compared with. Debian and Ubuntu install what is missing through apt-get, after
 * saying so, and without starting its services; elsewhere this says what to install by hand. Nothing that is there is
 * touched.
 */
import { join } from "node:path";
import { installEngines } from "../../scripts/engines/install-engines.ts";
import type { ProgramVersion } from "../machine.ts";

export const valkeyPrograms = [
  { name: "valkey-server", command: ["valkey-server", "--version"] },
  { name: "valkey-benchmark", command: ["valkey-benchmark", "--version"] },
] as const satisfies ProgramVersion[];

export const peerPrograms = [
  ...valkeyPrograms,
  { name: "haproxy", command: ["haproxy", "-v"] },
  { name: "nutcracker", command: ["nutcracker", "-V"] },
] as const satisfies ProgramVersion[];

type PeerProgram = (typeof peerPrograms)[number];

const packages: Record<PeerProgram["name"], string> = {
  "valkey-server": "valkey-server",
  "valkey-benchmark": "valkey-tools",
  haproxy: "haproxy",
  nutcracker: "nutcracker",
};

/** Throws when something is missing and cannot be installed. */
export function ensurePeers(programs: readonly PeerProgram[]): void {
  if (missingPackages(programs).length === 0) return;
  // It also adds the release's backports, where only those have Valkey and its tools.
  if (missingPackages(programs).includes("valkey-server")) installEngines((sentence) => console.error(sentence));
  const missing = missingPackages(programs);
  if (missing.length === 0) return;
  const names = missing.join(" ");
  if (Bun.which("apt-get") === null) throw new Error(`The comparison needs these packages: ${names}.`);
  console.error(`The comparison needs peers. apt installs ${names}; no service is started.`);
  const script = join(import.meta.dirname, "../../scripts/engines/apt.sh");
  const asRoot = process.getuid?.() === 0 ? [] : ["sudo"];
  const command = [...asRoot, "sh", script, "install", ...missing];
  const { exitCode } = Bun.spawnSync(command, { stdin: "inherit", stdout: "inherit", stderr: "inherit" });
  if (exitCode !== 0) throw new Error(`apt could not install ${names}.`);
}

function missingPackages(programs: readonly PeerProgram[]): string[] {
  return programs.filter(({ name }) => Bun.which(name) === null).map(({ name }) => packages[name]);
}
