/** The certificate comes from files that the operator names, and looks after. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandomness } from "@larder/service";
import { type IssuedPair, issueAuthority, issueServerCertificate } from "../packages/controller/pki/issue.ts";
import { CacheAccess } from "./fixture/cache-access.ts";
import { servedCertificate } from "./fixture/served-certificate.ts";
import { startService, type TestService } from "./fixture/service.ts";
import { until } from "./fixture/until.ts";

const dayMs = 86_400_000;
const domain = "cache.example";
const directory = mkdtempSync(join(tmpdir(), "larder-certificate-"));
const path = (name: string) => join(directory, name);
const args = [
  "--domain",
  domain,
  "--cert-file",
  path("cert.pem"),
  "--key-file",
  path("key.pem"),
  "--ca-file",
  path("ca.pem"),
];
let authority: IssuedPair;
let service: TestService;

beforeAll(async () => {
  authority = await issueAuthority(lasting(30), systemRandomness);
  writeFileSync(path("ca.pem"), authority.certificatePem);
  put(await issue());
  service = await startService({ engine: "embedded", args });
}, 60_000);
afterAll(async () => {
  await service?.stop();
  rmSync(directory, { recursive: true });
}, 30_000);

function lasting(days: number) {
  const nowMs = systemClock.nowMs();
  return { notBefore: new Date(nowMs - 20 * dayMs), notAfter: new Date(nowMs + days * dayMs) };
}

function issue(days = 20): Promise<IssuedPair> {
  return issueServerCertificate(authority, { dns: [`*.${domain}`], ip: [] }, lasting(days), systemRandomness);
}

function put({ certificatePem, keyPem }: IssuedPair): void {
  writeFileSync(path("key.pem"), keyPem);
  writeFileSync(path("cert.pem"), certificatePem);
}

const served = (port: number, name: string) =>
  servedCertificate({ port, name, ca: readFileSync(service.connection.ca, "utf8") });
const log = () => readFileSync(join(service.dataDir, "logs/controller.log"), "utf8");

async function metrics(): Promise<string> {
  const { api, ca, token } = service.connection;
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${api}/metrics`, { headers, tls: { ca: readFileSync(ca, "utf8") } })).text();
}

test("a changed pair is served to whoever comes, and those who are there stay", async () => {
  const { apiPort, tlsPort } = service.ports;
  const cache = await CacheAccess.of(service, await service.createCache("shop"));
  const client = await cache.nodeRedis({}, cache.shared);
  const before = await served(tlsPort, `shop.${domain}`);
  expect((await served(apiPort, `api.${domain}`)).serialNumber).toBe(before.serialNumber);
  expect((await served(apiPort, "localhost")).issuer.O).toBe("Larder");
  put(await issue());
  await until(
    "the gateway serves it",
    async () => (await served(tlsPort, `shop.${domain}`)).serialNumber !== before.serialNumber,
  );
  const after = (await served(tlsPort, `shop.${domain}`)).serialNumber;
  await until("the API serves it", async () => (await served(apiPort, `api.${domain}`)).serialNumber === after);
  expect(await client.ping()).toBe("PONG");
  cache.close();
}, 30_000);

test.each([
  [
    "of another key",
    "does not belong to the certificate",
    async () => ({ ...(await issue()), keyPem: (await issue()).keyPem }),
  ],
  ["that has expired", "has expired", () => issue(-1)],
])(
  "a pair %s is refused, and the one before goes on",
  async (_, reason, make) => {
    const { serialNumber } = await served(service.ports.tlsPort, `shop.${domain}`);
    put(await make());
    await until("it is told", () => log().includes(reason));
    expect((await served(service.ports.tlsPort, `shop.${domain}`)).serialNumber).toBe(serialNumber);
    expect(await metrics()).toContain("larder_certificate_problem 1");
    expect(log()).not.toContain("PRIVATE KEY");
    put(await issue());
    await until(
      "the next is served",
      async () => (await served(service.ports.tlsPort, `shop.${domain}`)).serialNumber !== serialNumber,
    );
    expect(await metrics()).toContain("larder_certificate_problem 0");
  },
  30_000,
);

test("one near its end is told of", async () => {
  put(await issue(1));
  await until("it is told", () => log().includes("certificate nears its end"));
  expect(await metrics()).toMatch(/larder_certificate_expires_seconds\{certificate="public"\} 86[34]\d\d/);
}, 30_000);

test("a first pair that cannot be served is an error of the start", async () => {
  writeFileSync(path("cert.pem"), "none");
  await expect(startService({ engine: "embedded", args })).rejects.toThrow(
    "--cert-file and --key-file cannot be used: the certificate is no PEM of a certificate",
  );
  await expect(startService({ engine: "embedded", args: args.slice(0, 4) })).rejects.toThrow("go together");
}, 30_000);
