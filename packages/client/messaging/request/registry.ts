/**
 * Who answers for a service: a sorted set of the responders, each as "mailbox address", the one longest without a request first. Whether one still
 * lives, the server knows best: a letter to a mailbox that nobody is subscribed to reaches nobody. It is then struck off, and the
 * next one gets it, all in one script.
 */
import { Script } from "../../connection/script.ts";
import type { Server } from "../../connection/server.ts";
import { channelKeys } from "../channel/stream-log.ts";
import { serviceLimits } from "./limits.ts";

/** What a caller sends. */
export interface Request {
  replyTo: { channel: string; address: string };
  timeoutMs: number;
  body?: unknown;
}

const turnLua = `
local time = redis.call('TIME')
local turn = string.format('%.0f', time[1] * 1000000 + time[2])
`;

const listScript = new Script(`${turnLua}
redis.call('ZADD', KEYS[1], turn, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])`);

/** 1: somebody got it. */
const sendScript = new Script(`${turnLua}
while true do
  local first = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
  if not first then return 0 end
  local mailbox, address = string.match(first, '^(%S+) (%S+)$')
  if redis.call('PUBLISH', mailbox, address .. '\\n' .. ARGV[1]) > 0 then
    redis.call('ZADD', KEYS[1], turn, first)
    return 1
  end
  redis.call('ZREM', KEYS[1], first)
end`);

export class Registry {
  readonly #server: Server;
  readonly #key: string;

  constructor(server: Server, service: string) {
    this.#server = server;
    this.#key = channelKeys("service", service).stream;
  }

  async list(responder: string): Promise<void> {
    await listScript.run(this.#server.main, [this.#key], [responder, String(serviceLimits.listedMs)]);
  }

  async strike(responder: string): Promise<void> {
    await this.#server.main.ask(["ZREM", this.#key, responder]);
  }

  /** Whether there was anybody. */
  async send(letter: Request): Promise<boolean> {
    return (await sendScript.run(this.#server.main, [this.#key], [JSON.stringify(letter)])) === 1;
  }
}
