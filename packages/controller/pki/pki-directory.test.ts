import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandomness } from "@larder/service";
import { ensurePki } from "./pki-directory.ts";
import { serverNames } from "./server-names.ts";

const names = serverNames({ domain: "larder.localhost", host: "127.0.0.1" });
const dayMs = 86_400_000;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-pki-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function ensure(options: { afterDays?: number; names?: typeof names } = {}) {
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + (options.afterDays ?? 0) * dayMs };
  return ensurePki({ directory, names: options.names ?? names, clock, randomness: systemRandomness });
}

function certificate(name: string): X509Certificate {
  return new X509Certificate(readFileSync(join(directory, name)));
}

describe("a first start", () => {
  test("makes an authority and a server certificate that it signed", async () => {
    await ensure();
    const [ca, server] = [certificate("ca.pem"), certificate("server.pem")];
    expect(ca.ca).toBe(true);
    expect(server.ca).toBe(false);
    expect(server.checkIssued(ca)).toBe(true);
    expect(server.verify(ca.publicKey)).toBe(true);
    for (const host of ["localhost", "shop.larder.localhost"]) expect(server.checkHost(host)).toBeDefined();
    for (const ip of ["127.0.0.1", "::1"]) expect(server.checkIP(ip)).toBeDefined();
    expect(server.checkHost("example.org")).toBeUndefined();
  });

  test("keeps keys from everybody else", async () => {
    await ensure();
    const modes = ["ca.pem", "server.pem", "ca-key.pem", "server-key.pem"].map(
      (name) => statSync(join(directory, name)).mode & 0o777,
    );
    expect(modes).toEqual([0o644, 0o644, 0o600, 0o600]);
  });
});

describe("a later start", () => {
  test("changes nothing while all is well", async () => {
    const first = await ensure();
    expect((await ensure({ afterDays: 300 })).server).toEqual(first.server);
  });

  test("renews the server certificate under the same authority when its end is near", async () => {
    const first = await ensure();
    const ca = certificate("ca.pem").fingerprint256;
    expect((await ensure({ afterDays: 360 })).server).not.toEqual(first.server);
    expect(certificate("ca.pem").fingerprint256).toBe(ca);
  });

  test("renews it when the names changed", async () => {
    await ensure();
    await ensure({ names: serverNames({ domain: "cache.example", host: "10.1.2.3" }) });
    expect(certificate("server.pem").checkHost("shop.cache.example")).toBeDefined();
    expect(certificate("server.pem").checkIP("10.1.2.3")).toBeDefined();
  });
});

describe("a start after a crash", () => {
  test.each([
    ["before the authority's certificate", ["ca.pem", "server.pem", "server-key.pem"]],
    ["before the server's key", ["server.pem", "server-key.pem"]],
    ["before the server's certificate", ["server.pem"]],
    ["between a renewed key and its certificate", ["server-key.pem"]],
  ])("%s mends the rest", async (_, missing) => {
    await ensure();
    for (const name of missing) rmSync(join(directory, name));
    await ensure();
    expect(certificate("server.pem").verify(certificate("ca.pem").publicKey)).toBe(true);
  });

  test("a server certificate that does not fit its key is issued anew", async () => {
    const first = await ensure();
    const renewed = await ensure({ names: serverNames({ domain: "b.example", host: "127.0.0.1" }) });
    await Bun.write(first.serverCertificatePath, first.server.certificatePem);
    const mended = await ensure({ names });
    expect(mended.server.keyPem).not.toBe(renewed.server.keyPem);
    expect(certificate("server.pem").checkHost("a.larder.localhost")).toBeDefined();
  });

  test("an authority without its key is not replaced behind the clients' backs", async () => {
    await ensure();
    rmSync(join(directory, "ca-key.pem"));
    await expect(ensure()).rejects.toMatchObject({ code: "DataDirectoryUnusable" });
  });
});
