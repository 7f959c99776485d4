/** Sources of other shapes: behind Sentinels, with TLS, and such as end in the middle. */
import { afterEach, beforeEach, expect, setDefaultTimeout } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueTestCertificate } from "./fixture/certificate.ts";
import { EngineClients } from "./fixture/engine-clients.ts";
import { freePorts } from "./fixture/free-ports.ts";
import { longTest } from "./fixture/long-test.ts";
import { remoteOf, SourceServer } from "./fixture/source-server.ts";
import { TransferAgent } from "./fixture/transfer-agent.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(60_000);

let agent: TransferAgent;
let directory: string;
const clients = new EngineClients();
const sources: SourceServer[] = [];

beforeEach(async () => {
  agent = await TransferAgent.make();
  directory = mkdtempSync(join(tmpdir(), "larder-sources-"));
});

afterEach(async () => {
  clients.close();
  await Promise.all(sources.splice(0).map((source) => source.stop()));
  await agent.clear();
  rmSync(directory, { recursive: true, force: true });
});

async function sourceOf(lines: string[] = []): Promise<SourceServer> {
  const source = await SourceServer.start("valkey-server", lines);
  sources.push(source);
  return source;
}

longTest("behind a Sentinel: the migration goes on with the primary that takes over", async () => {
  const first = await sourceOf();
  const second = await sourceOf([`replicaof 127.0.0.1 ${first.address.port}`]);
  const replica = second.client();
  await until("the replica is in step", async () => /master_link_status:up/.test(await replica.info("replication")));
  const sentinel = await startSentinel(first.address.port);
  await first.client().set("key", "1");
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const migration = agent.migrateInto(
    intake,
    remoteOf(sentinel.address, { topology: "sentinel", sentinelName: "shop" }),
  );
  await agent.when(migration, ({ state }) => state === "following");
  await until("the replica has the key", async () => (await replica.get("key")) === "1");
  await first.kill();
  await until("the Sentinel has made it the primary", async () => {
    await replica.set("key", "2").catch(() => {});
    return (await replica.get("key")) === "2";
  });
  const names = ({ phase }: { phase: string }) => phase === `following 127.0.0.1:${second.address.port}`;
  await agent.when(migration, (seen) => seen.state === "following" && names(seen) && seen.lagBytes === 0);
  expect((await agent.lead(intake, migration)).error).toBeNull();
  expect(await clients.admin(intake).get("key")).toBe("2");
  sentinel.stop();
});

async function startSentinel(port: number) {
  const [own = 0] = await freePorts(1);
  const config = join(directory, "sentinel.conf");
  const settings = ["down-after-milliseconds shop 500", "failover-timeout shop 5000"].map((line) => `sentinel ${line}`);
  writeFileSync(
    config,
    [
      `port ${own}`,
      "bind 127.0.0.1",
      `dir ${directory}`,
      `sentinel monitor shop 127.0.0.1 ${port} 1`,
      ...settings,
    ].join("\n"),
  );
  const child = Bun.spawn(["valkey-server", config, "--sentinel"], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  // It has to know the replica before the primary ends.
  const text = async () => {
    const asked = Bun.spawn(["valkey-cli", "-p", String(own), "SENTINEL", "REPLICAS", "shop"], { stderr: "ignore" });
    return new Response(asked.stdout).text();
  };
  await until("the Sentinel knows the replica", async () => /slave0?|ip/.test(await text()) && /\d/.test(await text()));
  return { address: { host: "127.0.0.1", port: own }, stop: () => child.kill("SIGKILL") };
}

longTest("with TLS: by the authority that is given, and by no other", async () => {
  const { cert, key, ca } = await issueTestCertificate();
  for (const [name, pem] of Object.entries({ cert, key, ca }))
    writeFileSync(join(directory, name), pem, { mode: 0o600 });
  const [tlsPort = 0] = await freePorts(1);
  const files = ["cert", "key"].map((name) => `tls-${name}-file ${join(directory, name)}`);
  const source = await sourceOf([
    ...files,
    `tls-ca-cert-file ${join(directory, "ca")}`,
    "tls-auth-clients no",
    `tls-port ${tlsPort}`,
  ]);
  await source.client().set("key", "value");
  await agent.start("valkey-server");
  const address = { host: "127.0.0.1", port: tlsPort };
  const tls = { ca, serverName: "localhost", client: null, isVerified: true };
  const intake = await agent.intake();
  const migration = agent.migrateInto(intake, remoteOf(address, { tls }));
  await agent.when(migration, ({ state }) => state === "following");
  expect((await agent.lead(intake, migration)).error).toBeNull();
  expect(await clients.admin(intake).get("key")).toBe("value");
  const other = await agent.intake();
  const distrusting = agent.migrateInto(other, remoteOf(address, { tls: { ...tls, ca: null } }));
  const { error } = await agent.over(distrusting);
  expect(error?.message).toContain("TLS failed");
});

longTest("one that is gone before it was copied: the migration fails, and says why", async () => {
  const source = await sourceOf();
  await source.kill();
  await agent.start("valkey-server");
  const intake = await agent.intake();
  const { error } = await agent.over(agent.migrateInto(intake, source.remote));
  expect(error).toMatchObject({ code: "SourceLost", message: expect.stringContaining("nothing listens there") });
});
