import { describe, expect, test } from "bun:test";
import type { CacheId, EngineFound, NodeId, NodeSpec } from "@larder/api";
import { configureNative } from "./configure.ts";
import { configureEmbedded, embedded } from "./embedded-settings.ts";
import { selectEngine } from "./select.ts";
import { liveCommands, maxclients } from "./settings.ts";

const paths = { directory: "/data dir/node", socketPath: "/run/node.sock", pidPath: "/data dir/node/engine.pid" };
const secretSha256 = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

const nodeUser = { name: "larder-node", password: "secret", rules: "-@all +psync" };

function spec(given: Partial<NodeSpec> = {}): NodeSpec {
  return {
    nodeId: "n1" as NodeId,
    cacheId: "c1" as CacheId,
    generation: 1,
    engine: "auto",
    engineVersion: null,
    endRunId: null,
    memoryBytesMax: 1000,
    maxmemoryPolicy: "volatile-lru",
    databases: 16,
    notifyKeyspaceEvents: "",
    adminUser: { name: "admin", password: "secret", rules: "~* &* +@all" },
    users: [{ name: "app", password: "secret", rules: "~* +@all -config" }],
    policyUsers: [],
    accessGeneration: 0,
    replication: null,
    isIntake: false,
    persistence: null,
    ...given,
  };
}

function engine(name: "valkey" | "redis", version: string, given: Partial<EngineFound> = {}): EngineFound {
  return { name, version, kind: "native", path: `/bin/${name}-server`, memoryBytesMax: null, hasTls: true, ...given };
}

const linesFor = (name: "valkey" | "redis", version: string, given?: Partial<NodeSpec>) =>
  configureNative(spec(given), engine(name, version), paths, null).split("\n");

describe("the configuration file", () => {
  test("listens on a Unix socket only, keeps nothing and lets nobody in without a password", () => {
    const lines = linesFor("valkey", "8.0.1");
    for (const line of ["port 0", "unixsocket /run/node.sock", "unixsocketperm 700", 'save ""', "appendonly no"])
      expect(lines).toContain(line);
    expect(lines).toContain("user default off");
    expect(lines).toContain(`user app reset on #${secretSha256} ~* +@all -config`);
    expect(lines.join()).not.toContain("secret ");
  });

  test("has append-only files from the start only where it loads them, in which no transaction is refused", () => {
    const restored = { from: "aof", epoch: 1, offset: 1, savedAtMs: 1 } as const;
    const loading = configureNative(spec(), engine("valkey", "8.0.1"), paths, null, {
      kind: "aof",
      restored,
      bytes: 1,
    });
    expect(loading).toContain("appendonly yes\nuser default off ~* &* +@all\n");
  });

  test("follows the spec", () => {
    const lines = linesFor("valkey", "8.0.1", { memoryBytesMax: 250, maxmemoryPolicy: "noeviction", databases: 4 });
    for (const line of ["maxmemory 250", "maxmemory-policy noeviction", "databases 4", 'notify-keyspace-events ""'])
      expect(lines).toContain(line);
  });

  test("has only what the version knows", () => {
    const guards = ["enable-debug-command no", "enable-module-command no", "enable-protected-configs no"];
    for (const lines of [linesFor("valkey", "7.2.5"), linesFor("valkey", "9.0.0"), linesFor("redis", "7.0.15")])
      expect(lines).toEqual(expect.arrayContaining(guards));
    for (const guard of guards) expect(linesFor("redis", "6.2.14")).not.toContain(guard);
  });

  test("quotes what needs it, and refuses what could end a line", () => {
    expect(linesFor("valkey", "8.0.1")).toContain('dir "/data dir/node"');
    const user = { name: "app", password: "secret", rules: '~a"b\\c' };
    expect(linesFor("valkey", "8.0.1", { users: [user] })).toContain(
      `user app reset on #${secretSha256} "~a\\"b\\\\c"`,
    );
    expect(() => linesFor("valkey", "8.0.1", { notifyKeyspaceEvents: "K\nport 6379" })).toThrow("control character");
  });
});

describe("of a node that replicates", () => {
  const tls = { certPath: "/tls/cert.pem", keyPath: "/tls/key.pem", caPath: "/tls/ca.pem" };
  const place = { address: { host: "10.0.0.1", port: 7001 }, tls, cpuList: "0-3,8" };
  const replication = {
    leader: null,
    user: nodeUser,
    hasOthers: true,
    serveStale: false,
    follows: true,
  };
  const replicated = (name: "valkey" | "redis", version: string, cpuList: string | null = "0-3,8") =>
    configureNative(spec({ replication }), engine(name, version), paths, { ...place, cpuList }).split("\n");

  test("the file has a port with TLS alone, and begins detached", () => {
    const lines = replicated("valkey", "8.0.1");
    for (const line of [
      "port 0",
      "tls-port 7001",
      "bind 10.0.0.1",
      "tls-auth-clients yes",
      "tls-replication yes",
      "replicaof 127.0.0.1 0",
      "replica-serve-stale-data no",
      `user larder-node reset on #${secretSha256} -@all +psync`,
    ])
      expect(lines).toContain(line);
    expect(lines.join()).not.toContain("masterauth");
    expect(linesFor("valkey", "8.0.1").join()).not.toMatch(/tls-|replica(of|-announce|-serve)|cpulist/);
  });

  test("alone it has its port too, and begins as a primary", () => {
    const lines = configureNative(spec(), engine("valkey", "8.0.1"), paths, place).split("\n");
    expect(lines).toContain("tls-port 7001");
    expect(lines.join()).not.toMatch(/replicaof|larder-node/);
  });

  test("the file has only what the version and the system know", () => {
    const dual = "dual-channel-replication-enabled yes";
    expect(replicated("valkey", "8.0.1")).toContain(dual);
    for (const lines of [replicated("valkey", "7.2.5"), replicated("redis", "7.2.4")]) {
      expect(lines).not.toContain(dual);
      expect(lines).toContain("shutdown-timeout 1");
    }
    expect(replicated("redis", "6.2.14")).not.toContain("shutdown-timeout 1");
    expect(replicated("redis", "6.2.14")).toContain(`bgsave_cpulist "0-3,8"`);
    expect(replicated("valkey", "8.0.1", null).join()).not.toContain("cpulist");
  });

  test("others may ask for SYNC only where they do so for a copy through a second channel", () => {
    const rulesOf = (name: "valkey" | "redis", version: string) =>
      replicated(name, version)
        .find((line) => line.startsWith("user larder-node"))
        ?.split(secretSha256)[1];
    expect([rulesOf("valkey", "8.0.1"), rulesOf("valkey", "9.1.0")]).toEqual([" -@all +psync", " -@all +psync"]);
    for (const [name, version] of [
      ["valkey", "7.2.5"],
      ["redis", "6.2.14"],
      ["redis", "7.2.4"],
    ] as const)
      expect(rulesOf(name, version)).toBe(" -@all +psync -sync");
  });

  test("live changes set the log-in, too", () => {
    const commands = liveCommands(spec({ replication }), engine("redis", "7.0.15"), []);
    expect(commands).toContainEqual([
      "ACL",
      "SETUSER",
      "larder-node",
      "reset",
      "on",
      `#${secretSha256}`,
      "-@all",
      "+psync",
      "-sync",
    ]);
    expect(commands.slice(-2)).toEqual([
      ["CONFIG", "SET", "masteruser", "larder-node"],
      ["CONFIG", "SET", "masterauth", "secret"],
    ]);
  });
});

describe("live changes", () => {
  test("set everything that can be set, make every user anew and delete the others", () => {
    expect(liveCommands(spec(), engine("valkey", "8.0.1"), ["default", "gone", "app"])).toEqual([
      ["CONFIG", "SET", "maxmemory", "1000"],
      ["CONFIG", "SET", "maxmemory-policy", "volatile-lru"],
      ["CONFIG", "SET", "notify-keyspace-events", ""],
      ["ACL", "SETUSER", "admin", "reset", "on", `#${secretSha256}`, "~*", "&*", "+@all"],
      ["ACL", "SETUSER", "app", "reset", "on", `#${secretSha256}`, "~*", "+@all", "-config"],
      ["ACL", "DELUSER", "gone"],
    ]);
  });

  test("the embedded engine's last setting takes everything from the default user", () => {
    const { commands } = configureEmbedded(spec(), paths);
    expect(commands.at(-1)).toEqual(["ACL", "SETUSER", "default", "reset"]);
    expect(JSON.stringify(commands)).not.toContain('"secret"');
  });
});

test("the engine admits more connections than the gateway lets clients in", () => {
  expect(maxclients(250 * 2 ** 20)).toBe(10_000);
  expect(maxclients(26 * 2 ** 30)).toBeGreaterThan(30_000);
  expect(maxclients(120 * 2 ** 30)).toBe(65_000);
});

describe("the choice of an engine", () => {
  const small = engine("valkey", "9.1.1", { kind: "embedded", hasTls: false, memoryBytesMax: embedded.memoryBytesMax });
  const native = engine("valkey", "8.0.1");
  const older = engine("redis", "7.0.15");

  test("is the first that fits", () => {
    expect(selectEngine([native, older, small], spec())).toBe(native);
    expect(selectEngine([native, older, small], spec({ engine: "embedded" }))).toBe(small);
    expect(selectEngine([small, older], spec({ memoryBytesMax: 4 * 2 ** 30 }))).toBe(older);
  });

  test("is a native one with TLS for a node that replicates", () => {
    const replication = {
      leader: null,
      user: nodeUser,
      hasOthers: true,
      serveStale: false,
      follows: true,
    };
    expect(selectEngine([small, older], spec({ replication }))).toBe(older);
    expect(() => selectEngine([small], spec({ replication }))).toThrow("cannot replicate");
    const bare = engine("valkey", "8.1.0", { hasTls: false });
    expect(selectEngine([bare, older], spec({ replication }))).toBe(older);
    expect(selectEngine([bare, older], spec())).toBe(bare);
    expect(() => selectEngine([bare, small], spec({ replication }))).toThrow("built without TLS");
  });

  test("says what is missing", () => {
    expect(() => selectEngine([], spec())).toThrow("The host has no engine.");
    expect(() => selectEngine([small], spec({ engine: "native" }))).toThrow("no native engine");
    expect(() => selectEngine([small], spec({ databases: 64 }))).toThrow("64 databases were asked for");
  });
});
