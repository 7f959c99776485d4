/** Services and calls, by each library, with responders that fail and die. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { type Server, serverOf } from "../../packages/client/connection/server.ts";
import type { ServerLike } from "../../packages/client/index.ts";
import {
  call,
  createService,
  type RequestHandler,
  type Service,
  ServiceError,
} from "../../packages/client/messaging/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

const libraries: [string, (url: string) => ServerLike][] = [
  ["redis", (url) => createClient({ url })],
  ["ioredis", (url) => new Redis(url, { lazyConnect: true })],
];

describe.skipIf(!hasValkey).each(libraries)("services by %s", (_, like) => {
  let engine: CacheServer;
  let server: Server;
  const services: Service[] = [];

  beforeEach(async () => {
    engine = await startCacheServer();
    server = serverOf(like(engine.url));
  });
  afterEach(async () => {
    for (const service of services.splice(0)) await service.close();
    server.close();
    await engine.stop();
  });

  async function serve(handler: RequestHandler<never, unknown>, options = {}): Promise<Service> {
    const service = createService("work", handler, { server, ...options });
    services.push(service);
    await service.start();
    return service;
  }

  const ask = (request: unknown, options = {}) => call("work", request, { server, ...options });

  test("answers, shared by all who answer, and only by those who still do", async () => {
    await serve((n: number) => ({ by: 1, n }));
    const second = await serve((n: number) => ({ by: 2, n }));
    const answers = (await Promise.all([1, 2, 3, 4].map((n) => ask(n)))) as { by: number; n: number }[];
    expect(answers.map(({ n }) => n)).toEqual([1, 2, 3, 4]);
    expect(answers.map(({ by }) => by).sort()).toEqual([1, 1, 2, 2]);
    await second.close();
    expect(await Promise.all([1, 2].map((n) => ask(n)))).toEqual([1, 2].map((n) => ({ by: 1, n })));
  });

  test("nobody there is said at once", async () => {
    await expect(ask(1)).rejects.toMatchObject({ code: "NO_RESPONDER" });
    const service = await serve(() => 1);
    expect(await ask(1)).toBe(1);
    await service.close();
    await expect(ask(1)).rejects.toMatchObject({ code: "NO_RESPONDER" });
  });

  test("what a handler says for its caller comes over; what it does not stays", async () => {
    const errors: unknown[] = [];
    await serve(
      (request: string) => {
        if (request === "sold out") throw new ServiceError("SOLD_OUT", "There are none left.", { size: 42 });
        throw new Error("the password is secret");
      },
      { onError: (error: unknown) => errors.push(error) },
    );
    await expect(ask("sold out")).rejects.toMatchObject({
      name: "ServiceError",
      code: "SOLD_OUT",
      message: "There are none left.",
      details: { size: 42 },
    });
    await expect(ask("other")).rejects.toMatchObject({ code: "INTERNAL", message: "The service failed." });
    expect(errors).toMatchObject([{ message: "the password is secret" }]);
  });

  test("time-outs end the wait and the handler's signal; more than a responder takes is told", async () => {
    let isAborted = false;
    await serve(
      (_request: unknown, { signal }) =>
        new Promise((resolve) =>
          signal.addEventListener("abort", () => {
            isAborted = true;
            resolve("too late");
          }),
        ),
      { concurrencyMax: 1 },
    );
    const first = ask(1, { timeout: 100 });
    first.catch(() => {});
    await expect(ask(2)).rejects.toMatchObject({ code: "BUSY" });
    await expect(first).rejects.toMatchObject({ code: "CALL_TIMEOUT" });
    await until("the handler knows", () => isAborted);
  });

  test("a responder that was killed gets nothing more; one that lost its connection, or the server its memory, is back", async () => {
    const program = join(import.meta.dirname, "../fixture/responder.ts");
    const other = Bun.spawn([process.execPath, program, engine.url], { stdout: "pipe" });
    for await (const _ of other.stdout) break;
    const double = (request: unknown, timeout: number) =>
      call<{ doubled: number }>("double", request, { server, timeout });
    expect((await double(2, 5_000)).doubled).toBe(4);
    await server.main.ask(["CLIENT", "KILL", "TYPE", "pubsub"]);
    await until("it answers again", async () => (await double(3, 200)).doubled === 6);
    await engine.restart();
    await until("it answers again", async () => (await double(4, 200)).doubled === 8);
    other.kill("SIGKILL");
    await other.exited;
    await expect(double(5, 5_000)).rejects.toMatchObject({ code: "NO_RESPONDER" });
  });

  test("requests that are too long, or nothing that JSON can say", async () => {
    await serve((request: unknown) => request);
    await expect(ask("x".repeat(1024 * 1024))).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    expect(await ask(undefined)).toBe(undefined);
    const circle: { self?: unknown } = {};
    circle.self = circle;
    await expect(ask(circle)).rejects.toThrow(TypeError);
  });
});
