/** The certificate comes from an ACME directory: Pebble, where Debian's package is installed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createLog, systemClock, systemRandomness } from "@larder/service";
import { dnsNamesOf } from "../packages/controller/pki/certificate-rules.ts";
import type { AcmeChallenge, ExternalAccount } from "../packages/controller/pki/certificate-source.ts";
import { ensurePki } from "../packages/controller/pki/pki-directory.ts";
import { ServedCertificates } from "../packages/controller/pki/served-certificates.ts";
import { serverNames } from "../packages/controller/pki/server-names.ts";
import { CacheAccess } from "./fixture/cache-access.ts";
import { hasPebble, type Pebble, startPebble } from "./fixture/pebble.ts";
import { servedCertificate } from "./fixture/served-certificate.ts";
import { startService } from "./fixture/service.ts";
import { until } from "./fixture/until.ts";

/** Renewed after about two thirds of them. */
const validitySeconds = 4;
const domain = "cache.example";
const host = "127.0.0.1";
let pebble: Pebble;

describe.skipIf(!hasPebble)("a certificate of an ACME directory", () => {
  beforeAll(async () => {
    pebble = await startPebble({ validitySeconds });
  }, 30_000);
  afterAll(() => pebble?.stop());

  test("by a hook has wildcards, and is renewed while clients stay connected", async () => {
    const acme = ["--acme-directory", pebble.directoryUrl, "--acme-dns-hook", pebble.hookPath];
    const args = ["--domain", domain, "--ca-file", pebble.caPath, ...acme, "--acme-contact", "ops@cache.example"];
    const service = await startService({ engine: "embedded", args });
    try {
      const served = (port: number, name: string) => servedCertificate({ port, name, ca: pebble.ca });
      const created = await service.createCache("shop");
      const name = created.properties.hostName;
      expect([name, created.properties.larder.endpoint.host]).toEqual([`shop.${domain}`, `shop.${domain}`]);
      let first = "";
      await until("the first is served", async () => {
        first = (await served(service.ports.tlsPort, name)).serialNumber;
        return true;
      });
      const cache = await CacheAccess.of(service, created);
      const client = await cache.nodeRedis({}, cache.shared);
      await until("the API serves one", async () => {
        const names = (await served(service.ports.apiPort, `api.${domain}`)).subjectaltname ?? "";
        return names.includes(`DNS:*.${domain}`);
      });
      await until("the next is served", async () => (await served(service.ports.tlsPort, name)).serialNumber !== first);
      expect(await client.ping()).toBe("PONG");
      cache.close();
      for (const file of ["acme-account-key.pem", "public-key.pem"])
        expect(statSync(join(service.dataDir, "controller/pki", file)).mode & 0o777).toBe(0o600);
    } finally {
      await service.stop();
    }
  }, 60_000);

  test("by a port has the names that were given", async () => {
    const names = [`shop.${domain}`, `api.${domain}`];
    const { certificates, stop } = await certificatesOf({ kind: "http-01", port: pebble.httpPort }, names);
    await until("it is there", () => certificates.pairs.public !== null);
    expect(dnsNamesOf(certificates.pairs.public?.certificatePem ?? "").sort()).toEqual(names.sort());
    await stop();
  }, 30_000);

  test("of a directory that knows its customers comes with the right key alone", async () => {
    const keys = ["right", "wrong"].map((each) =>
      Buffer.from(`the ${each} key of the customer`.repeat(2)).toString("base64url"),
    );
    const [right = "", wrong = ""] = keys;
    const other = await startPebble({ validitySeconds: 3_600, customers: { "customer-7": right } });
    const keyPath = join(mkdtempSync(join(tmpdir(), "larder-eab-")), "key");
    const challenge = { kind: "http-01", port: other.httpPort } as const;
    const externalAccount = { keyId: "customer-7", keyPath };
    try {
      writeFileSync(keyPath, `${wrong}\n`);
      const refused = await certificatesOf(challenge, [`shop.${domain}`], { pebble: other, externalAccount });
      const failures = () => new Map(refused.certificates.samples()).get("larder_certificate_renewals_failed_total");
      await until("it is refused", () => failures() === 1);
      await refused.stop();
      writeFileSync(keyPath, `${right}\n`);
      const taken = await certificatesOf(challenge, [`shop.${domain}`], { pebble: other, externalAccount });
      await until("it is there", () => taken.certificates.pairs.public !== null);
      await taken.stop();
      for (const text of ["not base64!", ""]) {
        writeFileSync(keyPath, text);
        await expect(certificatesOf(challenge, [`shop.${domain}`], { pebble: other, externalAccount })).rejects.toThrow(
          `--acme-eab-key-file ${keyPath} has to have a key in base64`,
        );
      }
    } finally {
      rmSync(dirname(keyPath), { recursive: true });
      await other.stop();
    }
  }, 30_000);

  test("that cannot be had is counted, and the built-in one goes on", async () => {
    const { certificates, directory, stop } = await certificatesOf({ kind: "dns-01", hookPath: "/bin/false" }, []);
    const sample = (name: string) => new Map(certificates.samples()).get(name);
    await until("it is counted", () => sample("larder_certificate_renewals_failed_total") === 1);
    expect(sample("larder_certificate_problem")).toBe(1);
    const [builtIn, kept] = ["server.pem", "public.pem"].map((name) => readFileSync(join(directory, name), "utf8"));
    expect(kept).toBe(builtIn as string);
    await stop();
  }, 30_000);
});

/** As the controller has them, without a controller. */
async function certificatesOf(
  challenge: AcmeChallenge,
  names: string[],
  {
    pebble: issuer = pebble,
    externalAccount = null,
  }: { pebble?: Pebble; externalAccount?: ExternalAccount | null } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), "larder-acme-"));
  const shared = { directory, clock: systemClock, randomness: systemRandomness };
  const { server: builtIn } = await ensurePki({ ...shared, names: serverNames({ domain, host }) });
  const certificates = new ServedCertificates({
    ...shared,
    builtIn,
    source: { kind: "acme", directoryUrl: issuer.directoryUrl, contact: null, externalAccount, challenge, names },
    caPath: issuer.caPath,
    domain,
    locations: () => [],
    host,
    log: createLog("controller", "silent"),
  });
  try {
    certificates.start();
  } catch (error) {
    rmSync(directory, { recursive: true });
    throw error;
  }
  const stop = async () => {
    await certificates.stop();
    rmSync(directory, { recursive: true });
  };
  return { certificates, directory, stop };
}
