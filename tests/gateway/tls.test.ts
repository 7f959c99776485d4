/** The gateway's TLS: versions, sessions that resume, and certificates that change under way. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { CacheId, Route } from "@larder/api";
import { encodeRequest } from "@larder/resp";
import { connectBytes } from "../fixture/byte-client.ts";
import { issueTestCertificate } from "../fixture/certificate.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { until } from "../fixture/until.ts";

const versions = ["TLSv1.2", "TLSv1.3"] as const;
let served: TestGateway;
let strict: Route;
/** Of every certificate that has been in use. */
let authorities: string[];

/** What a connection was like. It says PING, so that a session that comes after the handshake is there. */
interface Visit {
  isReused: boolean;
  version: string | null;
  serial: string;
  session: Buffer | undefined;
  reply: string;
}

function visit(port: number, options: ConnectionOptions = {}): Promise<Visit> {
  return new Promise((resolve, reject) => {
    let session: Buffer | undefined;
    const socket: TLSSocket = connect({
      host: "127.0.0.1",
      port,
      ca: authorities,
      servername: "localhost",
      ...options,
    });
    socket.on("session", (each: Buffer) => (session = each));
    socket.on("error", reject);
    socket.on("secureConnect", () => socket.write(encodeRequest(["PING"])));
    socket.once("data", (bytes: Buffer) => {
      const { serialNumber: serial } = socket.getPeerCertificate();
      resolve({
        isReused: socket.isSessionReused(),
        version: socket.getProtocol(),
        serial,
        session,
        reply: bytes.toString(),
      });
      socket.destroy();
    });
  });
}

function failureOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => "connected",
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
}

/** As OpenSSL prints it. */
async function openssl(...args: string[]): Promise<string> {
  const client = Bun.spawn(["openssl", "s_client", "-connect", `127.0.0.1:${served.tlsPort}`, ...args], {
    stdin: new Blob([encodeRequest(["QUIT"])]),
    stdout: "pipe",
    stderr: "ignore",
  });
  return new Response(client.stdout).text();
}

describe.skipIf(!hasValkey)("TLS", () => {
  beforeAll(async () => {
    served = await startGateway();
    authorities = [served.ca];
    const tlsPort = served.plainPort + 1;
    const cacheId = "cache-2" as CacheId;
    strict = {
      ...served.route,
      ...{
        cacheId,
        name: "safe",
        hostName: "safe.larder.localhost",
        tlsPort,
        plainPort: null,
        minimumTlsVersion: "1.3",
      },
    };
    served.gateway.apply({ revision: 2, tokenIssuers: [], routes: [served.route, strict] });
  });
  afterAll(() => served.stop());

  test("nobody gets less than TLS 1.2", async () => {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1" } as const;
    for (const port of [served.tlsPort, served.sharedPort, strict.tlsPort])
      expect(await failureOf(visit(port, old))).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
  });

  test("a cache that asks for TLS 1.3 gets it: in the handshake on its own port, by an error on the shared one", async () => {
    const older = { maxVersion: "TLSv1.2" } as const;
    expect(await failureOf(visit(strict.tlsPort, older))).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
    expect((await visit(strict.tlsPort)).version).toBe("TLSv1.3");
    const servername = strict.hostName;
    expect((await visit(served.sharedPort, { ...older, servername })).reply).toBe(
      "-ERR this cache requires TLS 1.3\r\n",
    );
    expect(served.gateway.metrics().larder_gateway_connections_refused_tls_version_total).toBe(1);
    expect((await visit(served.sharedPort, { servername })).reply).toStartWith("-NOAUTH ");
  });

  test("a changed least version is in force for the next connection, without the port being opened anew", async () => {
    const before = await connectBytes({ port: strict.tlsPort, tls: { ca: served.ca } });
    served.gateway.apply({
      revision: 3,
      tokenIssuers: [],
      routes: [served.route, { ...strict, minimumTlsVersion: "1.2" }],
    });
    expect((await visit(strict.tlsPort, { maxVersion: "TLSv1.2" })).version).toBe("TLSv1.2");
    before.send(encodeRequest(["AUTH", accessKey]));
    await before.until("+OK\r\n");
    before.close();
  });

  describe.each(versions)("a session of %s", (version) => {
    const only = { minVersion: version, maxVersion: version };

    test("resumes, at whichever port", async () => {
      const first = await visit(served.tlsPort, only);
      expect([first.version, first.isReused]).toEqual([version, false]);
      const { session } = first;
      expect((await visit(served.tlsPort, { ...only, session })).isReused).toBe(true);
      const servername = served.route.hostName;
      const shared = await visit(served.sharedPort, { ...only, session, servername });
      expect([shared.isReused, shared.reply.slice(0, 7)]).toEqual([true, "-NOAUTH"]);
    });

    test("on the shared port gets the cache that is named now, not that of the first handshake", async () => {
      const { session } = await visit(served.sharedPort, { ...only, servername: served.route.hostName });
      const other = await visit(served.sharedPort, { ...only, session, servername: "other.larder.localhost" });
      expect(other.isReused).toBe(true);
      expect(other.reply).toBe(
        "-ERR no cache answers to the TLS server name 'other.larder.localhost'; on this port it selects the cache\r\n",
      );
    });

    test("resumes with OpenSSL", async () => {
      const directory = mkdtempSync(join(tmpdir(), "larder-tls-"));
      const file = join(directory, "session.pem");
      const flag = version === "TLSv1.2" ? "-tls1_2" : "-tls1_3";
      try {
        expect(await openssl(flag, "-ign_eof", "-sess_out", file)).toContain(`New, ${version}`);
        expect(await openssl(flag, "-ign_eof", "-sess_in", file)).toContain(`Reused, ${version}`);
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  });

  describe("a certificate", () => {
    test("changes with no connection dropped and none refused", async () => {
      const next = await issueTestCertificate();
      authorities.push(next.ca);
      const established = await connectBytes({ port: served.tlsPort, tls: { ca: served.ca } });
      const old = await visit(served.tlsPort);
      const serials: string[] = [];
      let isOver = false;
      const visitors = Array.from({ length: 4 }, async () => {
        while (!isOver) serials.push((await visit(served.tlsPort)).serial);
      });
      await until("some came before", () => serials.length >= 8);
      served.gateway.useCertificate(next);
      const changed = serials.length;
      await until("some came after", () => serials.length >= changed + 12);
      isOver = true;
      await Promise.all(visitors);
      expect(new Set(serials.slice(0, 8))).toEqual(new Set([old.serial]));
      expect(serials.slice(-4).every((serial) => serial !== old.serial)).toBe(true);
      established.send(encodeRequest(["AUTH", accessKey]));
      await established.until("+OK\r\n");
      established.close();
    });

    test("makes old sessions begin anew, and new ones resume", async () => {
      const before = await visit(served.tlsPort);
      served.gateway.useCertificate(await issued());
      const after = await visit(served.tlsPort, { session: before.session });
      expect([after.isReused, after.serial === before.serial]).toEqual([false, false]);
      expect((await visit(served.tlsPort, { session: after.session })).isReused).toBe(true);
    });

    test("that does not fit its key, or is none, is refused, and the old one stays", async () => {
      const before = await visit(served.tlsPort);
      const [one, other] = [await issued(), await issued()];
      for (const files of [
        { cert: one.cert, key: other.key },
        { cert: "", key: one.key },
        { cert: one.cert, key: "no key" },
        { cert: one.cert.slice(0, 200), key: one.key },
      ])
        expect(() => served.gateway.useCertificate(files)).toThrow();
      expect((await visit(served.tlsPort)).serial).toBe(before.serial);
    });
  });
});

async function issued() {
  const certificate = await issueTestCertificate();
  authorities.push(certificate.ca);
  return certificate;
}
