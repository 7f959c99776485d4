import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { hostLimits, parseJoinToken } from "@larder/api";
import { systemClock, systemRandomness } from "@larder/service";
import { joinTokensPrefix } from "../documents/document-keys.ts";
import { issueNodeCertificate } from "../pki/issue.ts";
import { hostsFixture } from "./hosts-fixture.ts";

const dayMs = 86_400_000;
let nowMs: number;
let fixture: Awaited<ReturnType<typeof hostsFixture>>;

beforeEach(async () => {
  nowMs = systemClock.nowMs();
  fixture = await hostsFixture({ ...systemClock, nowMs: () => nowMs });
});
afterEach(() => fixture.stop());

const local = { isLocal: true };
const host = (hostId: string, name: string) => ({ hostId, name, address: "127.0.0.1", zone: null });

async function newKeyPem(): Promise<string> {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const der = Buffer.from(await crypto.subtle.exportKey("spki", keys.publicKey));
  return `-----BEGIN PUBLIC KEY-----\n${der.toString("base64")}\n-----END PUBLIC KEY-----\n`;
}

async function join(name: string) {
  const { secret } = parseJoinToken((await fixture.tokens.create()).token);
  return fixture.tokens.join({ secret, name, address: "10.0.0.5", zone: "2", publicKeyPem: await newKeyPem() });
}

function caller(certificatePem: string): { commonName: string; der: Uint8Array } {
  const { raw, subject } = new X509Certificate(certificatePem);
  return { commonName: /CN=(.*)/.exec(subject)?.[1] ?? "", der: raw };
}

describe("the list", () => {
  test("has who comes by the controller's socket, under a name of its own", async () => {
    await fixture.hosts.register(host("aaaa1", "rack"), local);
    await fixture.hosts.register(host("bbbb2", "RACK"), local);
    await fixture.hosts.register(host("bbbb2", "RACK"), local);
    expect((await fixture.hosts.all()).map(({ name }) => name)).toEqual(["rack", "RACK-bbbb"]);
  });

  test("is in the order of people, who count", async () => {
    for (const number of [10, 9, 1]) await fixture.hosts.register(host(`${number}`, `host-${number}`), local);
    expect((await fixture.hosts.all()).map(({ hostId }) => hostId)).toEqual(["1", "9", "10"]);
  });

  test("keeps the operator's wish when the host comes again", async () => {
    await fixture.hosts.register(host("a", "rack"), local);
    await fixture.hosts.setState("a", "draining");
    await fixture.hosts.register({ ...host("a", "rack"), zone: "2" }, local);
    expect(await fixture.hosts.all()).toMatchObject([{ state: "draining", zone: "2" }]);
    expect([...fixture.hosts.draining]).toEqual(["a"]);
  });

  test("forgets nobody who was removed", async () => {
    const removed: string[] = [];
    fixture.hosts.listen({ onRemoved: (hostId) => removed.push(hostId) });
    await fixture.hosts.register(host("a", "rack"), local);
    await fixture.hosts.remove("a");
    expect(removed).toEqual(["a"]);
    expect(fixture.hosts.register(host("a", "rack"), local)).rejects.toThrow("rack (a) was removed");
    expect(fixture.hosts.remove("a")).rejects.toThrow("has no host a");
  });

  test("takes nobody in who only says that it is a host", () => {
    expect(fixture.hosts.register(host("a", "rack"), { isLocal: false })).rejects.toThrow("has no host a");
  });
});

describe("a certificate", () => {
  test("is of the host alone, until it ends", async () => {
    const { hostId, certificatePem } = await join("rack");
    const given = caller(certificatePem);
    expect((await fixture.certificates.hostOf(given)).hostId).toBe(hostId);
    nowMs += 398 * dayMs;
    expect(fixture.certificates.hostOf(given)).rejects.toThrow("has ended");
  });

  test("of the same authority, but of no host, is refused", async () => {
    const validity = { notBefore: new Date(nowMs - dayMs), notAfter: new Date(nowMs + dayMs) };
    const { hostId } = await join("rack");
    const names = { dns: [hostId], ip: [] };
    const forged = await issueNodeCertificate(fixture.authority, names, validity, systemRandomness);
    expect(fixture.certificates.hostOf(caller(forged.certificatePem))).rejects.toThrow("not that of a host");
  });

  test("is made for a key of the right kind only", async () => {
    const request = { hostId: "a", address: "10.0.0.5" };
    for (const publicKeyPem of ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
      expect(fixture.certificates.certify({ ...request, publicKeyPem })).rejects.toThrow("EC P-256");
  });
});

test("tokens are kept as hashes, and swept out once they have expired", async () => {
  const { token } = await fixture.tokens.create();
  const stored = async () => (await fixture.store.list(joinTokensPrefix)).documents;
  expect(JSON.stringify(await stored())).not.toContain(parseJoinToken(token).secret);
  nowMs += hostLimits.tokenMs;
  await fixture.tokens.create();
  expect(await stored()).toHaveLength(1);
});
