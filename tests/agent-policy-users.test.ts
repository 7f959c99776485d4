/** The users of access policies on real engines: what they may do, when it changes, and what no policy can give. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { type NodeObserved, type NodeSpec, waitChannel } from "@larder/api";
import { Redis } from "ioredis";
import { appUser } from "../packages/controller/documents/engine-users.ts";
import { builtInPolicies, policyRules } from "../packages/controller/documents/policy-users.ts";
import { hasRedis, hasValkey } from "./fixture/native-engine.ts";
import { randomFrom, testSeed } from "./fixture/seed.ts";
import { nodeSpec, TestAgent } from "./fixture/test-agent.ts";

setDefaultTimeout(60_000);

const engines = [
  { title: "Valkey", isThere: hasValkey, flags: ["--engine-path", Bun.which("valkey-server") ?? "valkey-server"] },
  { title: "Redis", isThere: hasRedis, flags: ["--engine-path", Bun.which("redis-server") ?? "redis-server"] },
  { title: "embedded Valkey", isThere: true, flags: ["--engine", "embedded"] },
];

let agent: TestAgent;
let spec: NodeSpec;
const clients: Redis[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await agent.clear();
});

async function begin(flags: string[], permissions: Record<string, string>): Promise<NodeObserved> {
  agent = new TestAgent();
  agent.controller.start();
  await agent.start(flags);
  const app = appUser({ enginePasswords: { app: "app-password" } });
  const engine = flags.includes("embedded") ? "embedded" : "native";
  spec = nodeSpec({ engine, users: [app], policyUsers: usersOf(permissions), accessGeneration: 1 });
  agent.controller.want(spec);
  return taken();
}

function usersOf(permissions: Record<string, string>) {
  return Object.entries(permissions).map(([name, text]) => ({
    name,
    password: `${name}-pw`,
    rules: policyRules(text),
  }));
}

function want(permissions: Record<string, string>): Promise<NodeObserved> {
  spec = { ...spec, policyUsers: usersOf(permissions), accessGeneration: spec.accessGeneration + 1 };
  agent.controller.want(spec);
  return taken();
}

function taken(): Promise<NodeObserved> {
  return agent.controller.observedWhen(
    spec,
    (node) => node.state === "running" && node.accessGeneration === spec.accessGeneration,
  );
}

function logIn({ socketPath }: NodeObserved, username: string, password = `${username}-pw`): Redis {
  const client = new Redis({
    path: socketPath,
    username,
    password,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  client.on("error", () => {});
  clients.push(client);
  return client;
}

for (const { title, isThere, flags } of engines) {
  const run = test.skipIf(!isThere);

  run(`${title}: a change is in force for those who are connected; what is refused hurts nobody else`, async () => {
    const node = await begin(flags, { reader: "+@read ~a:*", writer: "+@all allkeys" });
    const [reader, writer] = [logIn(node, "reader"), logIn(node, "writer")];
    await writer.mset("a:1", "one", "b:1", "two");
    expect(await reader.get("a:1")).toBe("one");
    await expect(reader.get("b:1")).rejects.toThrow("NOPERM");
    await expect(reader.set("a:1", "x")).rejects.toThrow("NOPERM");
    await expect(writer.call("CONFIG", "GET", "maxmemory")).rejects.toThrow("NOPERM");

    const changed = await want({ reader: "+@all ~b:*", writer: "+@all +nosuchcommand allkeys" });
    expect(await reader.get("b:1")).toBe("two");
    await expect(reader.get("a:1")).rejects.toThrow("NOPERM");
    expect(changed.refusedUsers).toEqual([
      { name: "writer", message: expect.stringMatching(/^Error in ACL SETUSER modifier '\+nosuchcommand': Unknown/) },
    ]);
    // Not what it could before.
    await expect(writer.get("a:1")).rejects.toThrow("NOPERM");

    expect((await want({ writer: "+@all allkeys" })).refusedUsers).toEqual([]);
    expect(await writer.get("a:1")).toBe("one");
    await expect(logIn(node, "reader").get("b:1")).rejects.toThrow("WRONGPASS");
    expect(reader.status).not.toBe("ready");
  });

  run(`${title}: WAIT counts from the user's own writes, whatever else it may not publish`, async () => {
    const node = await begin(flags, { writer: "+set +wait ~* resetchannels" });
    const writer = logIn(node, "writer");
    expect(await writer.publish(waitChannel, "")).toBe(0);
    for (const [command, ...words] of [
      ["PUBLISH", "news", ""],
      ["SUBSCRIBE", waitChannel],
      ["SPUBLISH", waitChannel, ""],
    ])
      await expect(writer.call(command as string, ...words)).rejects.toThrow("NOPERM");
    expect(await writer.wait(0, 1)).toBe(0);
  });

  run(`${title}: they are there in every life of the engine, and after one of the agent`, async () => {
    const node = await begin(flags, { reader: "+@read allkeys" });
    process.kill(node.pid!, "SIGKILL");
    await agent.controller.observedWhen(spec, (now) => now.runId !== null && now.runId !== node.runId);
    expect(await logIn(await taken(), "reader").get("key")).toBeNull();
    await agent.signal("SIGKILL");
    agent.controller.forget();
    // Meanwhile the policy was deleted.
    spec = { ...spec, policyUsers: usersOf({ other: "+@read allkeys" }), accessGeneration: 2 };
    agent.controller.want(spec);
    await agent.start(flags);
    const adopted = await taken();
    expect(await logIn(adopted, "other").get("key")).toBeNull();
    await expect(logIn(adopted, "reader").get("key")).rejects.toThrow("WRONGPASS");
    // A change of the cache's settings takes none of them away.
    spec = { ...spec, generation: spec.generation + 1, maxmemoryPolicy: "allkeys-lru" };
    agent.controller.want(spec);
    await agent.controller.running(spec);
    expect(await logIn(await taken(), "other").get("key")).toBeNull();
  });

  run(
    `${title}: rules are tried without a trace, and no policy gives what a holder of an access key may not do (LARDER_SEED=${testSeed})`,
    async () => {
      const node = await begin(flags, { all: "+@all allkeys" });
      const admin = logIn(node, "larder-admin", "admin-password");
      const order = (rules: string) =>
        agent.controller.order({ orderId: rules, nodeId: node.nodeId, runId: node.runId!, kind: "tryRules", rules });
      for (const { permissions } of builtInPolicies) expect((await order(policyRules(permissions))).error).toBeNull();
      expect((await order(policyRules("+@nosuch ~*"))).error).toEqual({
        code: "InvalidParameter",
        message: expect.stringContaining("'+@nosuch': Unknown command or category"),
      });
      expect(((await admin.call("ACL", "USERS")) as string[]).sort()).toEqual([
        "all",
        "default",
        "larder-admin",
        "larder-app",
      ]);

      const commands = commandsOf((await admin.call("COMMAND")) as CommandInfo[]);
      const denied = await deniedTo(admin, "larder-app", commands);
      expect(denied.length).toBeGreaterThan(50);
      const alsoDenied = await deniedTo(admin, "all", denied);
      const given = denied.filter((command) => !alsoDenied.includes(command)).map(({ name }) => name);
      expect(given.filter((name) => !harmless.includes(name))).toEqual([]);

      const below = randomFrom(testSeed);
      for (let round = 0; round < 40; round++) {
        const permissions = hostilePermissions(below, alsoDenied);
        await admin.call("ACL", "SETUSER", "hostile", "reset", "on", ...policyRules(permissions).split(" "));
        const some = Array.from({ length: 12 }, () => pick(alsoDenied, below));
        expect({ permissions, denied: await deniedTo(admin, "hostile", some) }).toEqual({ permissions, denied: some });
      }
    },
  );
}

/**
 * Of newer engines, which one text for all cannot take away: they need a cluster, or only tell of commands that were slow or of a script's
 * own text.
 */
const harmless = [
  "cluster|cancelslotmigrations",
  "cluster|flushslot",
  "cluster|getslotmigrations",
  "cluster|migrateslots",
  "cluster|syncslots",
  "commandlog|get",
  "commandlog|len",
  "commandlog|reset",
  "script|show",
];

type CommandInfo = [name: string, arity: number, ...unknown[]];

interface Command {
  name: string;
  words: string[];
}

/** Every command that can be run, with as many arguments as it needs. */
function commandsOf(infos: readonly CommandInfo[]): Command[] {
  return infos.flatMap((info) => {
    const [name, arity] = info;
    const subcommands = (info[9] ?? []) as CommandInfo[];
    if (subcommands.length > 0) return commandsOf(subcommands);
    const words = name.split("|");
    while (words.length < Math.abs(arity)) words.push("1");
    return [{ name, words }];
  });
}

async function deniedTo(admin: Redis, user: string, commands: readonly Command[]): Promise<Command[]> {
  const answers = await Promise.all(commands.map(({ words }) => admin.call("ACL", "DRYRUN", user, ...words)));
  return commands.filter((_, index) => String(answers[index]).includes("no permissions to run"));
}

/** Everything that gives, in odd places. */
function hostilePermissions(below: (limit: number) => number, denied: readonly Command[]): string {
  const rules = [
    "allkeys",
    "resetkeys",
    "&*",
    "+@all",
    "allcommands",
    "+@admin",
    "+@dangerous",
    "-@all",
    "+@scripting",
  ];
  const rule = () => {
    const { name } = pick(denied, below);
    const text = pick([pick(rules, below), `+${name}`, `+${name.split("|")[0]}`], below);
    return below(2) === 0 ? text : text.toUpperCase();
  };
  return Array.from({ length: 1 + below(12) }, rule).join(below(2) === 0 ? " " : "  ");
}

function pick<T>(all: readonly T[], below: (limit: number) => number): T {
  return all[below(all.length)] as T;
}
