/**
 * Decides which engines `npm test` installs, and in which words it says so beforehand. Pure: what was observed goes in,
 * one next step comes out; after the step the caller observes again, until a plan is `done`.
 *
 * Valkey is wanted on every machine; Redis beside it where the release has one that Larder runs, and after them what the tests
 * use besides: MariaDB's server, which caches follow, OpenStack Swift, which stores files as S3 does, and Pebble, an ACME directory. What cannot be had is
 * named in `done`, and is no failure: tests that need it are skipped.
 */
import { isUsableEngine } from "./package-policy.ts";

export type EngineProgram = "valkey-server" | "redis-server" | "mariadbd" | "swift-proxy-server" | "pebble";

/** Each is installed by itself: where it conflicts with something of the machine, the others come all the same. */
const companions = [
  {
    program: "mariadbd",
    kind: "install-database",
    // The server alone: no service, no client, no user.
    packages: ["mariadb-server-core"],
    use: "The tests follow a MariaDB.",
    without: "No MariaDB: the tests of caches that follow one are skipped.",
  },
  {
    program: "swift-proxy-server",
    kind: "install-storage",
    packages: ["swift-proxy", "swift-account", "swift-container", "swift-object"],
    use: "The tests store files as S3 does, on OpenStack Swift.",
    without: "No OpenStack Swift: the tests of storage by S3 are skipped.",
  },
  {
    program: "pebble",
    kind: "install-directory",
    packages: ["pebble"],
    use: "The tests get certificates of an ACME directory, Pebble.",
    without: "No Pebble: the tests of certificates by ACME are skipped.",
  },
] as const satisfies {
  program: EngineProgram;
  kind: EngineStep["kind"];
  packages: readonly [string, ...string[]];
  use: string;
  without: string;
}[];

export const companionPackages: readonly string[] = companions.flatMap(({ packages }) => packages);

export interface EnginesObserved {
  /** Programs on the path. */
  present: readonly EngineProgram[];
  packageManager: "apt" | "brew" | undefined;
  /** "Debian GNU/Linux 12 (bookworm)" */
  releaseName: string;
  /** What apt would install, by package; the engines' packages have the programs' names. */
  candidates: ReadonlyMap<string, string>;
  /** The source of the release's backports as it would be added, where that makes sense. */
  backports: { suite: string; source: string } | undefined;
  /** Steps that were already taken; none is taken twice. */
  tried: readonly TriedStep[];
}

export interface TriedStep {
  kind: EngineStep["kind"];
  succeeded: boolean;
}

export type EngineStep =
  | { kind: "refresh"; says: string }
  | { kind: "add-backports"; says: string; source: string }
  | { kind: "install"; says: string; packages: readonly string[] }
  | { kind: "install-database" | "install-storage" | "install-directory"; says: string; packages: readonly string[] }
  | { kind: "done"; missing: string | undefined };

export function planEngines(observed: EnginesObserved): EngineStep {
  const step = planNative(observed);
  const { present, packageManager, candidates, tried } = observed;
  if (step.kind !== "done" || packageManager !== "apt") return step;
  const isTried = (kind: EngineStep["kind"]) => tried.some((taken) => taken.kind === kind);
  const missing = step.missing === undefined ? [] : [step.missing];
  for (const { program, kind, packages, use, without } of companions) {
    if (present.includes(program)) continue;
    if (candidates.size === 0 && !isTried("refresh"))
      return { kind: "refresh", says: `${use} First apt's package lists are fetched.` };
    const [first] = packages;
    const version = candidates.get(first);
    if (version !== undefined && !isTried(kind))
      return { kind, says: `${use} apt installs ${packages.join(", ")} ${version}; no service is started.`, packages };
    missing.push(without);
  }
  return { kind: "done", missing: missing.length === 0 ? undefined : missing.join(" ") };
}

function planNative(observed: EnginesObserved): EngineStep {
  const { present, packageManager, candidates } = observed;
  const isTried = (kind: EngineStep["kind"]) => observed.tried.some((step) => step.kind === kind);
  const wanted = (["valkey-server", "redis-server"] as const).filter((program) => !present.includes(program));
  if (wanted.length === 0) return { kind: "done", missing: undefined };
  if (packageManager === undefined) return done(observed, "only apt and Homebrew are known here");
  if (packageManager === "brew") return planBrew(observed);

  const fits = (program: "valkey-server" | "redis-server") => isUsableEngine(program, candidates.get(program) ?? "");
  // Every supported release has some redis-server: apt knowing none means that it has no package lists yet.
  if (!candidates.has("redis-server") && !isTried("refresh"))
    return { kind: "refresh", says: "The tests need a native engine. First apt's package lists are fetched." };
  if (wanted.includes("valkey-server") && !candidates.has("valkey-server")) {
    const { backports } = observed;
    if (backports !== undefined && !isTried("add-backports"))
      return {
        kind: "add-backports",
        says: `Valkey is not in ${observed.releaseName} itself. Its backports have it: ${backports.suite} is added to apt's sources.`,
        source: backports.source,
      };
    // Older lists may not have it yet, or not those of backports that were configured later.
    if (backports === undefined && !isTried("refresh"))
      return {
        kind: "refresh",
        says: "The tests need Valkey, which apt does not know. First its package lists are fetched.",
      };
  }
  const packages = wanted.filter(fits);
  if (packages.length === 0) return done(observed, whyNothingFits(observed));
  if (isTried("install")) return done(observed, "the installation failed");
  const named = packages.map((name) => `${name} ${candidates.get(name)}`).join(" and ");
  return {
    kind: "install",
    says: `The tests need a native engine. apt installs ${named}; no service is started.`,
    packages,
  };
}

function whyNothingFits(observed: EnginesObserved): string {
  if (observed.tried.some((step) => !step.succeeded)) return "apt's package lists could not be fetched";
  return `${observed.releaseName} has no Valkey package`;
}

function planBrew(observed: EnginesObserved): EngineStep {
  // Homebrew's Redis is newer than Larder runs, so only Valkey is wanted from it.
  if (observed.present.includes("valkey-server")) return { kind: "done", missing: undefined };
  if (observed.tried.length > 0) return done(observed, "the installation failed");
  return {
    kind: "install",
    says: "The tests need a native engine. Homebrew installs valkey; no service is started.",
    packages: ["valkey"],
  };
}

/** Only a missing Valkey is worth a word, and less of one where Redis stands in. */
function done(observed: EnginesObserved, why: string): EngineStep {
  if (observed.present.includes("valkey-server")) return { kind: "done", missing: undefined };
  const rest = observed.present.includes("redis-server")
    ? "The tests run on the redis-server that is there."
    : "The tests run on the embedded engine; those that need a native one are skipped.";
  return { kind: "done", missing: `No native Valkey: ${why}. ${rest}` };
}
