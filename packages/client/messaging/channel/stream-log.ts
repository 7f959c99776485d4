/**
 * A channel's history in the server: a stream, whose entries hold the id of the entry before (`p`) and the body (`b`), and beside it the
 * id of the last one, which outlives the entries. A message is added, announced and old ones are trimmed in one script, so that
 * whoever hears of a message finds it in the stream, and the order is the same for all.
 *
 * Whether something is missing before an entry is seen from the entry alone: it names the one before it. So neither trimming, nor
 * eviction, nor a server that lost its newest writes or all of them can pass unnoticed.
 */
import type { Reply } from "../../connection/connection.ts";
import { Script } from "../../connection/script.ts";
import type { Server } from "../../connection/server.ts";
import { Entry } from "./entry.ts";
import { channelLimits } from "./limits.ts";

export interface HistoryBounds {
  length: number;
  /** undefined: no bound. */
  ageMs: number | undefined;
}

/** Of one slot. `stream` is also the name of the channel in the server. */
export interface ChannelKeys {
  stream: string;
  last: string;
}

/** Braces in a name would otherwise decide which part of it is the hash tag. */
export function channelKeys(kind: string, name: string): ChannelKeys {
  const stream = `larder:${kind}:{${name.replace(/[%}]/g, encodeURIComponent)}}`;
  return { stream, last: `${stream}:last` };
}

/**
 * `publish(stream, last, length, age, memory, body)` for scripts; returns the id. Ids go on even where the stream is gone and the
 * clock went back. Trimming is by whole nodes ("~"): at least so many are kept.
 */
export const publishLua = `
local function lastId(stream, last)
  local known = redis.call('GET', last)
  if known then return known end
  local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)
  return newest[1] and newest[1][1] or '0-0'
end
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function publish(stream, last, length, age, memory, body)
  local previous = lastId(stream, last)
  local now = nowMs()
  local ms, number = string.match(previous, '^(%d+)-(%d+)$')
  local id = '*'
  if tonumber(ms) >= now then id = ms .. '-' .. string.format('%.0f', number + 1) end
  id = redis.call('XADD', stream, 'MAXLEN', '~', length, id, 'p', previous, 'b', body)
  if age == '' then
    redis.call('SET', last, id)
  else
    redis.call('XTRIM', stream, 'MINID', '~', string.format('%.0f', now - age))
    redis.call('PEXPIRE', stream, age)
    redis.call('SET', last, id, 'PX', memory)
  end
  redis.call('PUBLISH', stream, id .. ' ' .. previous .. '\\n' .. body)
  return id
end
`;

/** `length`, `age` and `memory` of `publish`. */
export function publishArguments({ length, ageMs }: HistoryBounds): string[] {
  if (ageMs === undefined) return [String(length), "", ""];
  return [String(length), String(ageMs), String(ageMs + channelLimits.lastIdMs)];
}

const publishScript = new Script(`${publishLua}
return publish(KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], ARGV[4])`);

/** What comes after a message, oldest first, of bounded bytes, and the newest id that there is. What others put into the stream is left out. */
const pageScript = new Script(`${publishLua}
local entries, bytes, after = {}, 0, ARGV[1]
local countMax, bytesMax, isComplete = tonumber(ARGV[2]), tonumber(ARGV[3]), 1
while countMax > 0 do
  local some = redis.call('XRANGE', KEYS[1], '(' .. after, '+', 'COUNT', 16)
  for _, entry in ipairs(some) do
    local fields = entry[2]
    if #fields == 4 and fields[1] == 'p' and fields[3] == 'b' then
      entries[#entries + 1] = {entry[1], fields[2], fields[4]}
      bytes = bytes + #fields[4]
    end
    after = entry[1]
  end
  if #some < 16 then break end
  if #entries >= countMax or bytes >= bytesMax then isComplete = 0 break end
end
return {lastId(KEYS[1], KEYS[2]), isComplete, entries}`);

export interface Page {
  /** What was asked for: the entries come after it. */
  after: string;
  entries: readonly Entry[];
  /** Whether nothing came after them when it was read. */
  isComplete: boolean;
  /** The newest id at that time. */
  last: string;
}

export class StreamLog {
  readonly #server: Server;
  readonly keys: ChannelKeys;

  constructor(server: Server, keys: ChannelKeys) {
    this.#server = server;
    this.keys = keys;
  }

  async publish(body: string, bounds: HistoryBounds): Promise<string> {
    const id = await publishScript.run(
      this.#server.main,
      [this.keys.stream, this.keys.last],
      [...publishArguments(bounds), body],
    );
    return id as string;
  }

  page(after: string): Promise<Page> {
    return this.#page(after, channelLimits.pageEntries, channelLimits.pageBytes);
  }

  async position(): Promise<string> {
    return (await this.#page("0-0", 0, 0)).last;
  }

  /** Oldest first. */
  async newest(count: number): Promise<Entry[]> {
    const reply = await this.#server.main.askBytes(["XREVRANGE", this.keys.stream, "+", "-", "COUNT", String(count)]);
    return (reply as [Buffer, Buffer[]][])
      .filter(([, fields]) => fields.length === 4 && String(fields[0]) === "p" && String(fields[2]) === "b")
      .map(([id, [, previous, , body]]) => new Entry(id.toString(), String(previous), body as Buffer))
      .reverse();
  }

  async #page(after: string, entriesMax: number, bytesMax: number): Promise<Page> {
    const reply = await pageScript.runBytes(
      this.#server.main,
      [this.keys.stream, this.keys.last],
      [after, String(entriesMax), String(bytesMax)],
    );
    const [last, isComplete, entries] = reply as [Buffer, number, Reply[]];
    return { after, last: last.toString(), isComplete: isComplete === 1, entries: entries.map(entryOf) };
  }
}

function entryOf(reply: Reply): Entry {
  const [id, previous, body] = reply as [Buffer, Buffer, Buffer];
  return new Entry(id.toString(), previous.toString(), body);
}
