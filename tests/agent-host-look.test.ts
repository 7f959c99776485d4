/** What changes on a host while its agent runs: engines that are installed or replaced, and a renewed certificate. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import type { Address, NodeObserved, ReplicationObserved } from "@larder/api";
import { Redis } from "ioredis";
import { NodeCertificateFiles } from "./fixture/certificate.ts";
import { hasNativeEngine, hasRedis, hasValkey } from "./fixture/native-engine.ts";
import { NodePair } from "./fixture/node-pair.ts";
import { nodeSpec, TestAgent } from "./fixture/test-agent.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(60_000);

let agent: TestAgent;

beforeEach(() => {
  agent = new TestAgent();
  agent.controller.start();
});

afterEach(() => agent.clear());

function enginePaths(): string[] {
  return agent.controller.report?.engines.map(({ path }) => path) ?? [];
}

test.skipIf(!hasNativeEngine)("an engine that is installed later is found", async () => {
  const program = hasRedis ? "redis-server" : "valkey-server";
  const folder = join(agent.directory, "bin");
  mkdirSync(folder);
  await agent.start([], { ...process.env, PATH: `${folder}:${process.env["PATH"]}` });
  await until("the first report has come", () => agent.controller.report !== null);
  expect(enginePaths().filter((path) => path.startsWith(folder))).toEqual([]);

  symlinkSync(Bun.which(program)!, join(folder, program));
  agent.hangUp();
  await until("the new engine is reported", () => enginePaths().includes(join(folder, program)));
});

test.skipIf(!hasRedis || !hasValkey)(
  "a program that was replaced is another version, and what runs is not disturbed",
  async () => {
    const program = join(agent.directory, "engine");
    symlinkSync(Bun.which("redis-server")!, program);
    await agent.start(["--engine-path", program]);
    const [old, fresh] = [nodeSpec(), nodeSpec()];
    agent.controller.want(old);
    const before = await agent.controller.running(old);
    expect(before.engine?.name).toBe("redis");

    rmSync(program);
    symlinkSync(Bun.which("valkey-server")!, program);
    agent.hangUp();
    await until("the new version is reported", () => agent.controller.report?.engines[0]?.name === "valkey");
    agent.controller.want(old, fresh);
    expect((await agent.controller.running(fresh)).engine?.name).toBe("valkey");
    expect(agent.controller.observed(old)).toMatchObject({ runId: before.runId!, engine: { name: "redis" } });
  },
);

describe.each([
  ["Valkey", "valkey-server", hasValkey],
  ["Redis", "redis-server", hasRedis],
] as const)("%s", (_, program, has) => {
  test.skipIf(!has)(
    "a renewed certificate comes into use, also one of a time without agent, and links stay up",
    async () => {
      const files = await NodeCertificateFiles.issue(agent.directory);
      await agent.start([...files.flags, "--engine-path", Bun.which(program)!]);
      const { a, b } = await new NodePair(agent.controller).begin();
      const first = new X509Certificate(files.certificatePem).fingerprint256;
      expect(await certificateAt(addressOf(b), files)).toBe(first);
      const admin = new Redis({ path: a.socketPath, username: "larder-admin", password: "admin-password" });
      const syncsBefore = await fullSyncs(admin);

      await files.renew();
      agent.hangUp();
      for (const node of [a, b]) await isRenewed(node, files);
      await agent.signal("SIGKILL");
      await files.renew();
      await agent.start([...files.flags, "--engine-path", Bun.which(program)!]);
      for (const node of [a, b]) await isRenewed(node, files);

      await admin.set("key", "value");
      expect(await admin.wait(1, 5_000)).toBe(1);
      expect(await fullSyncs(admin)).toEqual(syncsBefore);
      admin.disconnect();
    },
  );
});

function addressOf({ replication }: NodeObserved): Address {
  return (replication as ReplicationObserved).address;
}

async function isRenewed(node: NodeObserved, files: NodeCertificateFiles): Promise<void> {
  const renewed = new X509Certificate(files.certificatePem).fingerprint256;
  await until("the engine has the renewed certificate", async () => {
    return (await certificateAt(addressOf(node), files)) === renewed;
  });
}

/** How often replicas had to connect. */
async function fullSyncs(admin: Redis): Promise<string[]> {
  return (await admin.info("stats")).match(/sync_\w+:\d+/g) ?? [];
}

/** What an engine shows of itself to who comes with the certificate that is in the files. */
function certificateAt({ host, port }: Address, files: NodeCertificateFiles): Promise<string> {
  return new Promise((resolve, reject) => {
    const { certificatePem: cert, keyPem: key, authorityPem: ca } = files;
    const socket = connect({ host, port, cert, key, ca, checkServerIdentity: () => undefined }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).fingerprint256);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}
