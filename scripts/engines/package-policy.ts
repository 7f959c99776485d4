/** What `apt-cache policy` says of packages, and whether a version is an engine that Larder runs. Pure. */

/** The version that apt would install, by package. Packages that apt does not know, or cannot install, are left out. */
export function parsePolicy(output: string): Map<string, string> {
  const candidates = new Map<string, string>();
  let name = "";
  for (const line of output.split("\n")) {
    const heading = /^(\S+):$/.exec(line);
    if (heading !== null) name = heading[1] as string;
    const candidate = /^\s+Candidate: (\S+)$/.exec(line);
    if (candidate !== null && candidate[1] !== "(none)") candidates.set(name, candidate[1] as string);
  }
  return candidates;
}

/** Valkey from 7.2 on, and Redis from 6.2 to 7.2, the last under a free licence. */
export function isUsableEngine(packageName: "valkey-server" | "redis-server", packageVersion: string): boolean {
  const version = engineVersion(packageVersion);
  if (packageName === "valkey-server") return version >= 7.02;
  return version >= 6.02 && version <= 7.02;
}

/** "5:7.0.15-1~deb12u10" → 7.00; "7.2.12+dfsg1-0ubuntu0.1" → 7.02. NaN where there is no version. */
function engineVersion(packageVersion: string): number {
  const match = /^(?:\d+:)?(\d+)\.(\d+)/.exec(packageVersion);
  return match === null ? Number.NaN : Number(match[1]) + Number(match[2]) / 100;
}
