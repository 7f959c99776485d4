import { expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import type { Clock } from "@larder/service";
import { ListeningPlace } from "../front/listening-place.ts";
import { limits } from "../limits.ts";
import { PortClaims } from "./port-claims.ts";

const host = "127.0.0.1";

function claims(workers: number) {
  const time = { ms: 0 };
  const held = new Set<number>();
  const clock: Clock = { nowMs: () => time.ms, monotonicMs: () => time.ms, sleep: () => Promise.resolve() };
  const isHeldElsewhere = (port: number) => held.has(port);
  return {
    time,
    held,
    claims: new PortClaims({
      place: ListeningPlace.public(host),
      clock,
      workers: { isOneOfMany: workers > 1, isHeldElsewhere },
    }),
  };
}

async function takePort(): Promise<{ port: number; server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { port: (server.address() as { port: number }).port, server };
}

function codeOf(claim: () => void): unknown {
  try {
    return claim();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

test("a port that is free, or another worker's, may be had", async () => {
  const { claims: own, held } = claims(2);
  const { port, server } = await takePort();
  held.add(port);
  expect(own.claim(port)).toBeTrue();
  held.delete(port);
  await new Promise((resolve) => server.close(resolve));
  expect(own.claim(port)).toBeTrue();
});

test("a port that nobody has told of may be another worker's for a moment, and is then somebody else's", async () => {
  const { claims: own, time, held } = claims(2);
  const { port, server } = await takePort();
  expect(own.claim(port)).toBeFalse();
  time.ms = limits.portContestedMs - 1;
  expect(own.claim(port)).toBeFalse();
  time.ms = limits.portContestedMs;
  expect(codeOf(() => own.claim(port))).toBe("EADDRINUSE");
  expect(codeOf(() => own.claim(port))).toBe("EADDRINUSE");
  held.add(port);
  expect(own.claim(port)).toBeTrue();
  server.close();
});

test("a listener that shares the port is found as well", () => {
  const { claims: own, time } = claims(2);
  const shared = { hostname: host, port: 0, reusePort: true };
  const other = Bun.listen({ ...shared, socket: { data() {} } });
  expect(own.claim(other.port)).toBeFalse();
  time.ms = limits.portContestedMs;
  expect(codeOf(() => own.claim(other.port))).toBe("EADDRINUSE");
  other.stop(true);
});

test("a worker that is alone leaves it to the system", async () => {
  const { port, server } = await takePort();
  expect(claims(1).claims.claim(port)).toBeTrue();
  server.close();
});
