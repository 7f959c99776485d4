/**
 * What the scripts of a queue share. A queue is these keys, all of one slot by the name in braces:
 *
 *   larder:queue:{name}       hash    paused, held (messages behind another of their key), done, dead
 *   …:front :high :normal :low
 *                             streams what may run; `front` has what was begun before: retries, takeovers, what a stopping
 *                                     consumer gave back. One group, `workers`; an entry is deleted when it is acknowledged
 *   …:key:<key>               list    "" for the message of the key that may run, then those behind it, each after its level
 *   …:delayed                 sorted  by due time: how it goes on ("H" as the first of its key, "P" as any other), level, message
 *   …:schedules :ticks        hash and sorted set of what repeats
 *   …:dead                    stream  of dead letters
 *   …:dedupe:<id>             string  the id of the message that was added with it, until the window ends
 *   …:adder:<process>         string  the last batch of a process, and its result, so that a repeated batch adds nothing
 *   …:once:<id>               string  the result of an effect
 *   …:wake                    list    at most one token: something may be there to take, or is due earlier than was known
 *
 * Each delivery is an entry of its own: one that fails or is lost is deleted and added anew in the same script. So the entry's id is
 * the fence: XACK answers 1 only to whoever still has that delivery, and what a late consumer says of another one changes nothing.
 * XCLAIM could not do that: the entry would keep its id, and XACK does not ask whose it is.
 *
 * Nothing here is younger than Redis 6.0, which some services still run: no XAUTOCLAIM, no IDLE in XPENDING, no exclusive ranges of ids.
 */

/**
 * Lua. `level` is 1 to 4, in the order of the streams. A message is its header, a line feed and its payload (message.ts). What cannot be
 * read is no error, as that would stop all that goes along with it: `headerOf` answers nil.
 */
export const prelude = `
local q = KEYS[1]
local streams = {q .. ':front', q .. ':high', q .. ':normal', q .. ':low'}
local function serverMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function wake()
  if redis.call('LLEN', q .. ':wake') == 0 then redis.call('RPUSH', q .. ':wake', '1') end
end
local function send(level, message)
  redis.call('XADD', streams[level], '*', 'm', message)
end
local function place(level, key, message)
  if key then
    local line = q .. ':key:' .. key
    if redis.call('EXISTS', line) == 1 then
      redis.call('RPUSH', line, level .. message)
      redis.call('HINCRBY', q, 'held', 1)
      return
    end
    redis.call('RPUSH', line, '')
  end
  send(level, message)
end
local function release(key)
  local line = q .. ':key:' .. key
  redis.call('LPOP', line)
  local following = redis.call('LPOP', line)
  if following then
    redis.call('HINCRBY', q, 'held', -1)
    redis.call('LPUSH', line, '')
    send(tonumber(string.sub(following, 1, 1)), string.sub(following, 2))
  end
end
local headerKinds = {i = 'string', t = 'number', l = 'number', k = 'string', a = 'number', d = 'number', x = 'number', h = 'table'}
local function headerOf(message)
  local feed = string.find(message, '\\n', 1, true)
  if not feed then return nil end
  local isRead, header = pcall(cjson.decode, string.sub(message, 1, feed - 1))
  if not isRead or type(header) ~= 'table' then return nil end
  for field, kind in pairs(headerKinds) do
    if header[field] ~= nil and type(header[field]) ~= kind then return nil end
  end
  return header, string.sub(message, feed)
end
local function defer(dueMs, how, level, message)
  redis.call('ZADD', q .. ':delayed', dueMs, how .. level .. message)
  local first = redis.call('ZRANGE', q .. ':delayed', 0, 0, 'WITHSCORES')
  if tonumber(first[2]) >= dueMs then wake() end
end
`;

/** Ends a delivery in another way than by success. Needs \`errorsMax\` and \`deadMax\`. */
export const endings = `
-- A full server refuses to add only as long as a script has written nothing: what is there has to go on for memory to be freed.
redis.call('DEL', q .. ':nothing')
local function take(level, entry)
  if redis.call('XACK', streams[level], 'workers', entry) == 0 then return nil end
  local found = redis.call('XRANGE', streams[level], entry, entry)[1]
  redis.call('XDEL', streams[level], entry)
  return found and found[2][2] or ''
end
local function noted(header, nowMs, trouble)
  header.d = (header.d or 0) + 1
  if trouble then
    header.a = (header.a or 0) + 1
    header.h = header.h or {}
    table.insert(header.h, {nowMs, trouble})
    if #header.h > errorsMax then table.remove(header.h, 1) end
  end
  return header
end
local function bury(header, rest, trouble)
  local message = header and (cjson.encode(header) .. rest) or rest
  redis.call('XADD', q .. ':dead', 'MAXLEN', '~', deadMax, '*', 'm', message, 'e', trouble)
  redis.call('HINCRBY', q, 'dead', 1)
  if header and header.k then release(header.k) end
end
`;
