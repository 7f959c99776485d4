/**
 * Who is in a room, kept in the server by the server's clock. A member may be there several times, from several browsers or processes:
 * each is an attendance, which ends when it is given up, or when it was not renewed in time. The first one makes a join, the
 * last one a leave, and both are told in the same script that makes them, so that what is told and what the list says agree.
 *
 *   presence   sorted set   attendance ("<24 hex digits> <member's id>") → when it ends
 *   counts     hash         member's id → attendances
 *   members    hash         member's id → the member as JSON
 */
import { Script } from "../../connection/script.ts";
import type { Server } from "../../connection/server.ts";
import { systemRandomness } from "../../randomness.ts";
import { channelLimits } from "../channel/limits.ts";
import { type ChannelKeys, type HistoryBounds, publishArguments, publishLua } from "../channel/stream-log.ts";

/** One stay of a member. */
export interface Attendance {
  entry: string;
  /** `{ id, info }` */
  memberJson: string;
}

export function newAttendance(id: string, memberJson: string): Attendance {
  return { entry: `${systemRandomness.bytes(12).toString("hex")} ${id}`, memberJson };
}

/** Ends of time are told by whoever comes next; so much at a time. */
const endedMax = 100;

/** Arguments: history (3), time to live, memory, count of those who stay, each with its member, and those who leave. */
const script = new Script(`${publishLua}
local now = nowMs()
local function tell(event) publish(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], event) end
local function stay(entry, member)
  if redis.call('ZADD', KEYS[3], string.format('%.0f', now + ARGV[4]), entry) == 0 then return end
  local id = string.sub(entry, 26)
  if redis.call('HINCRBY', KEYS[4], id, 1) > 1 then return end
  redis.call('HSET', KEYS[5], id, member)
  tell('{"type":"join","member":' .. member .. '}')
end
local function leave(entry, reason)
  if redis.call('ZREM', KEYS[3], entry) == 0 then return end
  local id = string.sub(entry, 26)
  if redis.call('HINCRBY', KEYS[4], id, -1) > 0 then return end
  local member = redis.call('HGET', KEYS[5], id) or '{"id":' .. cjson.encode(id) .. ',"info":null}'
  redis.call('HDEL', KEYS[4], id)
  redis.call('HDEL', KEYS[5], id)
  tell('{"type":"leave","member":' .. member .. ',"reason":"' .. reason .. '"}')
end
local stays = tonumber(ARGV[6])
for place = 7, 6 + 2 * stays, 2 do stay(ARGV[place], ARGV[place + 1]) end
for place = 7 + 2 * stays, #ARGV do leave(ARGV[place], 'left') end
for _, entry in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', string.format('%.0f', now), 'LIMIT', 0, ${endedMax})) do
  leave(entry, 'expired')
end
for place = 3, 5 do redis.call('PEXPIRE', KEYS[place], ARGV[5]) end
return redis.call('HVALS', KEYS[5])`);

export class Presence {
  readonly #server: Server;
  readonly #keys: string[];
  readonly #fixed: string[];

  constructor(server: Server, { stream, last }: ChannelKeys, bounds: HistoryBounds, timeoutMs: number) {
    this.#server = server;
    this.#keys = [stream, last, `${stream}:presence`, `${stream}:counts`, `${stream}:members`];
    const memoryMs = timeoutMs + channelLimits.lastIdMs;
    this.#fixed = [...publishArguments(bounds), String(timeoutMs), String(memoryMs)];
  }

  /** Renews or begins the stays, ends the others and those whose time is over, and returns who is there after. */
  async update(staying: readonly Attendance[], leaving: readonly Attendance[] = []): Promise<unknown[]> {
    const stays = staying.flatMap(({ entry, memberJson }) => [entry, memberJson]);
    const leaves = leaving.map(({ entry }) => entry);
    const reply = await script.run(this.#server.main, this.#keys, [
      ...this.#fixed,
      String(staying.length),
      ...stays,
      ...leaves,
    ]);
    return (reply as string[]).map((text) => JSON.parse(text) as unknown);
  }
}
