/** The whole shop: a database with shoes in it, a cache, two web processes and a worker. */
import { randomBytes } from "node:crypto";
import { fullSize, type SeedSize, seed } from "../database/seed.ts";
import { freePorts, isFree } from "./free-ports.ts";
import { type FoundCache, findOrStartCache } from "./larder.ts";
import { startPostgres } from "./postgres.ts";
import { startProgram } from "./programs.ts";

export interface Shop {
  /** Of the two web processes. */
  urls: [string, string];
  databaseUrl: string;
  /** Which cache it uses. */
  cache: string;
  stop: () => Promise<void>;
}

const usualPort = 4_200;

interface Stoppable {
  stop: () => Promise<void>;
}

export interface StartOptions {
  size?: SeedSize;
  /** REDIS_URL, and NODE_EXTRA_CA_CERTS where that is needed, of a cache that is there; one is found or started unless given. */
  cache?: Record<string, string>;
  /** Aborted: what was started is stopped. */
  signal?: AbortSignal;
}

export async function startShop({ size = fullSize, cache: given, signal }: StartOptions = {}): Promise<Shop> {
  const started: Promise<Stoppable>[] = [];
  const keep = <T extends Stoppable>(starting: Promise<T>): Promise<T> => {
    started.push(starting);
    signal?.throwIfAborted();
    return starting;
  };
  const stop = () => stopAll(started);
  try {
    const [postgres, cache] = await Promise.all([
      keep(startPostgres()),
      keep(given === undefined ? findOrStartCache() : cacheGiven(given)),
    ]);
    await seed(postgres.url, size);
    const port = (await isFree(usualPort)) && (await isFree(usualPort + 1)) ? usualPort : await freePorts(2);
    const secret = randomBytes(32).toString("hex");
    // A cache that was there before may know another database's shoes.
    const namespace = `shop-${randomBytes(4).toString("hex")}`;
    const env = { ...cache.env, DATABASE_URL: postgres.url, SESSION_SECRET: secret, SHOP_NAMESPACE: namespace };
    await keep(startProgram("worker.ts", env));
    const ports = [port, port + 1] as const;
    await Promise.all(ports.map((each) => keep(startProgram("web.ts", { ...env, PORT: `${each}` }))));
    const urls: [string, string] = [`http://localhost:${port}`, `http://localhost:${port + 1}`];
    return { urls, databaseUrl: postgres.url, cache: cache.from, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function cacheGiven(env: Record<string, string>): Promise<FoundCache> {
  return { env, from: "its caller", stop: async () => {} };
}

/** Newest first, also what is still starting. What failed to start has cleaned up itself. */
async function stopAll(started: Promise<Stoppable>[]): Promise<void> {
  for (let starting = started.pop(); starting !== undefined; starting = started.pop())
    await starting.then(
      (running) => running.stop(),
      () => {},
    );
}
