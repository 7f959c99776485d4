import { expect, test } from "bun:test";
import { type EnginesObserved, planEngines } from "./engine-plan.ts";

function observed(parts: Partial<EnginesObserved>): EnginesObserved {
  return {
    present: ["mariadbd", "swift-proxy-server", "pebble"],
    packageManager: "apt",
    releaseName: "Debian 12",
    candidates: new Map(),
    backports: undefined,
    tried: [],
    ...parts,
  };
}
const backports = { suite: "bookworm-backports", source: "Types: deb\n" };
const redis70 = ["redis-server", "5:7.0.15-1"] as const;
const valkey80 = ["valkey-server", "8.0.1"] as const;

/** Takes steps until done; each step changes what is observed as apt would. */
function replay(start: Partial<EnginesObserved>, afterRefresh: [string, string][], afterBackports: [string, string][]) {
  const state = observed(start);
  const kinds: string[] = [];
  for (;;) {
    const step = planEngines(state);
    kinds.push("packages" in step ? `install ${step.packages.join(" ")}` : step.kind);
    if (step.kind === "done") return { kinds, missing: step.missing };
    state.tried = [...state.tried, { kind: step.kind, succeeded: true }];
    if (step.kind === "refresh") state.candidates = new Map(afterRefresh);
    if (step.kind === "add-backports") state.candidates = new Map([...state.candidates, ...afterBackports]);
    if (step.kind === "install") state.present = [...state.present, ...(step.packages as EnginesObserved["present"])];
    if (step.kind === "install-database") state.present = [...state.present, "mariadbd"];
    if (step.kind === "install-storage") state.present = [...state.present, "swift-proxy-server"];
  }
}

test("nothing to do where all are there", () => {
  expect(
    planEngines(observed({ present: ["valkey-server", "redis-server", "mariadbd", "swift-proxy-server", "pebble"] })),
  ).toEqual({
    kind: "done",
    missing: undefined,
  });
});

test("Debian 12, fresh: lists, backports, both engines", () => {
  expect(replay({ backports }, [[...redis70]], [[...valkey80]])).toEqual({
    kinds: ["refresh", "add-backports", "install valkey-server redis-server", "done"],
    missing: undefined,
  });
});

test("Debian 12, interrupted after backports were added: goes on from there", () => {
  expect(replay({ candidates: new Map([redis70, valkey80]) }, [], []).kinds).toEqual([
    "install valkey-server redis-server",
    "done",
  ]);
});

test("Debian 12, backports not to be had: Redis alone, and it is said", () => {
  const { kinds, missing } = replay({ backports, candidates: new Map([redis70]) }, [], []);
  expect(kinds).toEqual(["add-backports", "install redis-server", "done"]);
  expect(missing).toContain("run on the redis-server");
});

test("Debian 12 with backports configured, and older lists", () => {
  const candidates = new Map([redis70]);
  expect(replay({ candidates }, [[...redis70], [...valkey80]], []).kinds).toEqual([
    "refresh",
    "install valkey-server redis-server",
    "done",
  ]);
});

test("Debian 13: Valkey from the release, its Redis 8 is left alone", () => {
  const candidates = new Map([
    ["redis-server", "5:8.0.2-3"],
    ["valkey-server", "8.1.1"],
  ]);
  expect(replay({ candidates }, [], [])).toEqual({ kinds: ["install valkey-server", "done"], missing: undefined });
});

test("Ubuntu 22.04: no usable engine; said, not failed", () => {
  const { kinds, missing } = replay({ releaseName: "Ubuntu 22.04" }, [["redis-server", "5:6.0.16-1ubuntu1"]], []);
  expect(kinds).toEqual(["refresh", "done"]);
  expect(missing).toBe(
    "No native Valkey: Ubuntu 22.04 has no Valkey package. The tests run on the embedded engine; those that need a native one are skipped.",
  );
});

test("lists that cannot be fetched", () => {
  const step = planEngines(observed({ tried: [{ kind: "refresh", succeeded: false }] }));
  expect(step).toMatchObject({ missing: expect.stringContaining("lists could not be fetched") });
});

test("a failed installation is not tried again", () => {
  const step = planEngines(
    observed({ candidates: new Map([redis70, valkey80]), tried: [{ kind: "install", succeeded: false }] }),
  );
  expect(step).toMatchObject({ kind: "done", missing: expect.stringContaining("the installation failed") });
});

test("Homebrew: Valkey only", () => {
  expect(planEngines(observed({ packageManager: "brew" }))).toMatchObject({ kind: "install", packages: ["valkey"] });
  expect(planEngines(observed({ packageManager: "brew", present: ["valkey-server", "mariadbd"] }))).toMatchObject({
    kind: "done",
  });
});

test("no known package manager", () => {
  expect(planEngines(observed({ packageManager: undefined }))).toMatchObject({
    missing: expect.stringContaining("only apt and Homebrew"),
  });
});

const mariaDb = ["mariadb-server-core", "1:10.11.19"] as const;

test("MariaDB comes after the engines, by itself", () => {
  const lists: [string, string][] = [[...redis70], ["valkey-server", "8.1.1"], [...mariaDb]];
  const { kinds, missing } = replay({ present: ["swift-proxy-server", "pebble"] }, lists, []);
  expect(kinds).toEqual(["refresh", "install valkey-server redis-server", "install mariadb-server-core", "done"]);
  expect(missing).toBe(undefined);
});

test("MariaDB alone is missing, and apt has no lists yet", () => {
  const present = ["valkey-server", "redis-server", "swift-proxy-server", "pebble"] as const;
  expect(replay({ present }, [[...mariaDb]], []).kinds).toEqual(["refresh", "install mariadb-server-core", "done"]);
});

test("no MariaDB to be had, or its installation failed: said, not failed", () => {
  const present = ["valkey-server", "redis-server", "swift-proxy-server", "pebble"] as const;
  const failed = [{ kind: "install-database", succeeded: false }] as const;
  for (const parts of [{ candidates: new Map([redis70]) }, { candidates: new Map([mariaDb]), tried: failed }])
    expect(planEngines(observed({ present, ...parts }))).toEqual({
      kind: "done",
      missing: "No MariaDB: the tests of caches that follow one are skipped.",
    });
});

test("Swift comes without MariaDB, too", () => {
  const present = ["valkey-server", "redis-server", "pebble"] as const;
  const packages = "swift-proxy swift-account swift-container swift-object";
  expect(replay({ present }, [["swift-proxy", "2.30.1"]], [])).toEqual({
    kinds: ["refresh", `install ${packages}`, "done"],
    missing: "No MariaDB: the tests of caches that follow one are skipped.",
  });
  expect(replay({ present }, [], []).missing).toContain("No OpenStack Swift");
});

test("Pebble comes last, or is named as missing", () => {
  const present = ["valkey-server", "redis-server", "mariadbd", "swift-proxy-server"] as const;
  const without = { candidates: new Map([redis70]) };
  expect(planEngines(observed({ present, candidates: new Map([["pebble", "2.4.0+ds1-2"]]) }))).toMatchObject({
    kind: "install-directory",
    packages: ["pebble"],
  });
  expect(planEngines(observed({ present, ...without }))).toEqual({
    kind: "done",
    missing: "No Pebble: the tests of certificates by ACME are skipped.",
  });
});
