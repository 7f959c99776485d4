/** What the management API is asked here beyond what its client has. What it refuses says which request it was, and why. */
import { readFileSync } from "node:fs";
import { type CacheEvent, cacheResourceId, type Page, redisApiVersion } from "@larder/api";
import { systemClock } from "@larder/service";
import type { TestService } from "../../tests/fixture/service.ts";

const eventTimeoutMs = 60_000;
const pollMs = 25;

export class LarderActions {
  readonly #service: TestService;
  readonly #name: string;
  readonly #ca: string;

  constructor(service: TestService, name: string) {
    this.#service = service;
    this.#name = name;
    this.#ca = readFileSync(service.connection.ca, "utf8");
  }

  /** Asks for another primary, and resolves with the event that tells of it. */
  async switchover(): Promise<CacheEvent> {
    const last = (await this.#events())[0]?.number ?? 0;
    await this.#send("POST", "switchover");
    const deadlineMs = systemClock.monotonicMs() + eventTimeoutMs;
    while (systemClock.monotonicMs() < deadlineMs) {
      const news = (await this.#events()).filter(({ number }) => number > last);
      const problem = news.find(({ kind }) => kind === "problem" || kind === "failover");
      if (problem !== undefined) throw new Error(`instead of a switchover there was: ${problem.text}`);
      const done = news.find(({ kind }) => kind === "switchover");
      if (done !== undefined) return done;
      await systemClock.sleep(pollMs);
    }
    throw new Error(`no event told of the switchover within ${eventTimeoutMs} ms`);
  }

  /** The newest first. */
  async #events(): Promise<CacheEvent[]> {
    return ((await (await this.#send("GET", "events")).json()) as Page<CacheEvent>).value;
  }

  async #send(method: string, action: string): Promise<Response> {
    const { api, token, subscription, resourceGroup } = this.#service.connection;
    const path = `${cacheResourceId({ subscription, resourceGroup, name: this.#name })}/${action}`;
    const response = await fetch(`${api}${path}?api-version=${redisApiVersion}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      tls: { ca: this.#ca },
      signal: AbortSignal.timeout(eventTimeoutMs),
    });
    if (response.ok) return response;
    const text = (await response.text()).slice(0, 300);
    throw new Error(`the service answered ${response.status} to ${method} …/${action}: ${text}`);
  }
}
