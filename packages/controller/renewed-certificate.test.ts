/** The controller's certificate near its end, while it runs. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { systemClock } from "@larder/service";
import { ControllerFixture } from "./controller-fixture.ts";

const yearMs = 365 * 86_400_000;

/** Of the certificate that the API serves with. */
function servedSerial(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca, servername: "localhost" }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

test("is renewed, on disk and for the management API, on the same port", async () => {
  const { promise: aYear, resolve: passAYear } = Promise.withResolvers<void>();
  let behindMs = yearMs;
  const clock = {
    ...systemClock,
    nowMs: () => systemClock.nowMs() - behindMs,
    // Only what sleeps for hours is woken early: the look at the certificate, and the pruning of operations.
    sleep: (ms: number, signal?: AbortSignal) =>
      ms < 3_600_000 || behindMs === 0 ? systemClock.sleep(ms, signal) : aYear,
  };
  const fixture = new ControllerFixture({ clock });
  await fixture.start({ agent: false, gateway: false });
  try {
    const ca = readFileSync(join(fixture.directory, "data/pki/ca.pem"), "utf8");
    const certificatePath = join(fixture.directory, "data/pki/server.pem");
    const port = fixture.controller.apiPort;
    const before = readFileSync(certificatePath, "utf8");
    const serial = await servedSerial(port, ca);
    behindMs = 0;
    passAYear();
    // Who connects in the very moment in which the port is opened anew is reset, and tries again.
    const servedNow = () =>
      servedSerial(port, ca).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNRESET" || error.code === "ECONNREFUSED") return serial;
        throw error;
      });
    while ((await servedNow()) === serial) await Bun.sleep(10);
    expect(readFileSync(certificatePath, "utf8")).not.toBe(before);
    expect(fixture.controller.apiPort).toBe(port);
  } finally {
    await fixture.stop();
  }
});
