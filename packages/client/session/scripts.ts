/**
 * What happens to a session in the server, each in one step. A session is a hash:
 *
 *   .name   a field of the application, as JSON
 *   c a s   born, ends at the latest, last seen: milliseconds of the server's clock
 *   v       how often it was written
 *   i u d   idle time of its own, user, device; where there are any
 *   r q     who may not sign in with it, and until when: who was signed out everywhere while about to
 *
 * Without "a" it is no session, but a mark that keeps one from being made or found at this key for a while: "n" is the id that this
 * one was replaced by, "x" says that it was ended before it was stored.
 */
import { Script } from "../connection/script.ts";

export const slideLimits = {
  /** How exact the idle time and the "last seen" of a session are: they are written no more often. */
  everyMsMax: 60_000,
  /** How often within a session's idle time they are written, where that is more often. */
  timesMin: 30,
} as const;

/** How long after a session was last seen it is said again. */
export function slideEveryMs(idleMs: number): number {
  return Math.ceil(Math.min(slideLimits.everyMsMax, idleMs / slideLimits.timesMin));
}

const prelude = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
-- Begins the idle time anew. ARGV[1]: how long it is, unless the session has its own. It is kept a little longer, as not each
-- request says that it was there (slideEveryMs).
local function slide(key)
  local meta, at = redis.call('HMGET', key, 'a', 'i'), now()
  local idle = tonumber(meta[2] or ARGV[1])
  local left = math.min(idle + math.ceil(math.min(${slideLimits.everyMsMax}, idle / ${slideLimits.timesMin})), meta[1] - at)
  redis.call('HSET', key, 's', at)
  redis.call('PEXPIRE', key, math.max(left, 0))
end
local function isAlive(ends)
  return ends and now() < tonumber(ends)
end
-- ARGV from first on: how many arguments of HSET, these, fields to remove, as of HDEL. Returns the version.
local function apply(key, first)
  local last = first + ARGV[first]
  if last > first then redis.call('HSET', key, unpack(ARGV, first + 1, last)) end
  if #ARGV > last then redis.call('HDEL', key, unpack(ARGV, last + 1)) end
  return redis.call('HINCRBY', key, 'v', 1)
end
`;

/** ARGV: idle. */
export const slideScript = new Script(`${prelude}
if isAlive(redis.call('HGET', KEYS[1], 'a')) then slide(KEYS[1]) end
return 0`);

/**
 * ARGV: idle, the version that it has to have or "", who signs in with it or "", when that was put into the user's index, how long it holds,
 * changes. Returns the new version, 'gone', 'conflict', 'late' or {the id that replaced it}.
 */
export const updateScript = new Script(`${prelude}
local meta = redis.call('HMGET', KEYS[1], 'a', 'n', 'v')
if meta[2] then return {meta[2]} end
if not isAlive(meta[1]) then return 'gone' end
if ARGV[2] ~= '' and meta[3] ~= ARGV[2] then return 'conflict' end
if ARGV[3] ~= '' then
  local refused, at = redis.call('HMGET', KEYS[1], 'r', 'q'), now()
  if refused[1] == ARGV[3] and at < tonumber(refused[2]) then return 'gone' end
  if at > ARGV[4] + ARGV[5] then return 'late' end
end
local version = apply(KEYS[1], 6)
slide(KEYS[1])
return version`);

/** ARGV: idle, absolute, when it was put into the user's index or "", how long that holds, changes. The version, 'gone' or 'late'. */
export const createScript = new Script(`${prelude}
local at, indexed = now(), tonumber(ARGV[3])
if redis.call('EXISTS', KEYS[1]) == 1 then return 'gone' end
if indexed and at > indexed + ARGV[4] then return 'late' end
local born = indexed or at
redis.call('HSET', KEYS[1], 'c', born, 'a', born + ARGV[2])
local version = apply(KEYS[1], 5)
slide(KEYS[1])
return version`);

/**
 * KEYS: old, new. ARGV: idle, absolute, when it was put into the user's index or "" where it is not a new sign-in, how long that holds,
 * the version that it has to have or "", the new id, how long the old one is remembered, changes. As of update, or 'late'.
 */
export const rotateScript = new Script(`${prelude}
local old, new = KEYS[1], KEYS[2]
local meta = redis.call('HMGET', old, 'a', 'n', 'v')
if meta[2] then return {meta[2]} end
if not isAlive(meta[1]) or redis.call('EXISTS', new) == 1 then return 'gone' end
if ARGV[5] ~= '' and meta[3] ~= ARGV[5] then return 'conflict' end
local indexed = tonumber(ARGV[3])
if indexed and now() > indexed + ARGV[4] then return 'late' end
redis.call('RENAME', old, new)
redis.call('HSET', old, 'n', ARGV[6])
redis.call('PEXPIRE', old, ARGV[7])
if indexed then redis.call('HSET', new, 'c', indexed, 'a', indexed + ARGV[2]) end
local version = apply(new, 8)
slide(new)
return version`);

/** ARGV: how long it is kept from being made, whose it has to be or "". 1: it was; 0: it was not; or {the id that replaced it}. */
export const endScript = new Script(`${prelude}
local meta = redis.call('HMGET', KEYS[1], 'a', 'n', 'u')
if meta[2] then return {meta[2]} end
if not meta[1] then
  redis.call('HSET', KEYS[1], 'x', 1)
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  return 0
end
if ARGV[2] ~= '' and meta[3] ~= ARGV[2] then
  redis.call('HSET', KEYS[1], 'r', ARGV[2], 'q', now() + ARGV[1])
  return 0
end
return redis.call('DEL', KEYS[1])`);

/** KEYS: a user's index. ARGV: absolute, the session's id, since when it is in the index or "". Returns since when, and the time. */
export const enterScript = new Script(`${prelude}
local at = now()
local since = tonumber(ARGV[3]) or at
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at)
redis.call('ZADD', KEYS[1], since + ARGV[1], ARGV[2] .. ':' .. string.format('%.0f', since))
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], last[2])
return {since, at}`);

/** KEYS: a user's index. Returns the time, then the entries of which a session may be alive. */
export const entriesScript = new Script(`${prelude}
local at = now()
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at)
local entries = redis.call('ZRANGE', KEYS[1], 0, -1)
table.insert(entries, 1, at)
return entries`);
