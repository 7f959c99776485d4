/** The certificate's files change under a running service. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { writeFileAtomic } from "@larder/service";
import { issueTestCertificate } from "../fixture/certificate.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

let service: TestService;
let authorities: string[];

beforeAll(async () => {
  service = await startService();
  authorities = [readFileSync(service.connection.ca, "utf8")];
}, 60_000);
afterAll(() => service.stop());

function servedSerial(): Promise<string> {
  return new Promise((resolve, reject) => {
    const address = { host: "127.0.0.1", port: service.ports.tlsPort, servername: "localhost", ca: authorities };
    const socket = connect(address, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

test("each new pair is served from then on, and one that is none is not", async () => {
  const folder = join(service.dataDir, "controller/pki");
  const log = join(service.dataDir, "logs/gateway.log");
  const { cert, key, ca } = await issueTestCertificate();
  authorities.push(ca);
  const old = await servedSerial();

  writeFileSync(join(folder, "server-key.pem"), key);
  await until("the half of a pair is refused", () => readFileSync(log, "utf8").includes("the old one stays in use"));
  expect(await servedSerial()).toBe(old);

  writeFileAtomic(join(folder, "server.pem"), cert, 0o644);
  await until("the new pair is served", async () => (await servedSerial()) !== old);
  expect(readFileSync(log, "utf8")).not.toContain("PRIVATE KEY");
}, 60_000);

test("the connection log is its owner's alone", async () => {
  const { endpoint } = (await service.createCache("logged")).properties.larder;
  const socket = connect({ host: "127.0.0.1", port: endpoint.tlsPort, servername: "localhost", ca: authorities }, () =>
    socket.end("QUIT\r\n"),
  );
  const file = join(service.dataDir, "gateway/connections.log");
  await until("the connection is on record", () => readFileSync(file, "utf8").includes('"close_conn"'));
  expect(statSync(file).mode & 0o777).toBe(0o600);
}, 60_000);
