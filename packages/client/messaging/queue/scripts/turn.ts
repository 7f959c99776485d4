/** One turn of a consumer: says what has ended, moves what is due, and takes as many messages as can be begun. */
import { Script } from "../../../connection/script.ts";
import { endings, prelude } from "./prelude.ts";

/**
 * Arguments: consumer; how many to take; levels in the order in which they are read; whether what the consumer already has is answered, too
 * (an answer was lost); whether the token is to be passed on; most errors kept of a message; most dead letters. Then for each level how
 * many entries without a key are done, and their ids; then JSON of every other ending: `[verb, level, entry, key, delayMs, error]`.
 *
 * Takes fewer than it is to once they are 4 MiB, so that no answer is too long; then the token says that there may be more.
 * Answers: server time, ms until something is due or -1, whether a schedule is due, then level, entry and message of each that was taken.
 */
export const turnScript = new Script(`${prelude}
local consumer, want, order = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local errorsMax, deadMax = tonumber(ARGV[6]), ARGV[7]
local dueMax = 100
local nowMs = serverMs()
${endings}
local done = 0
local at = 8
for level = 1, 4 do
  local count = tonumber(ARGV[at])
  if count > 0 then
    done = done + redis.call('XACK', streams[level], 'workers', unpack(ARGV, at + 1, at + count))
    redis.call('XDEL', streams[level], unpack(ARGV, at + 1, at + count))
  end
  at = at + 1 + count
end

local function finish(verb, level, entry, key, delayMs, trouble)
  if verb == 'done' then
    if redis.call('XACK', streams[level], 'workers', entry) == 0 then return end
    redis.call('XDEL', streams[level], entry)
    done = done + 1
    release(key)
    return
  end
  local message = take(level, entry)
  if not message then return end
  local header, rest = headerOf(message)
  if not header then
    bury(nil, message, trouble)
  elseif verb == 'dead' then
    bury(noted(header, nowMs, trouble), rest, trouble)
  elseif verb == 'retry' then
    defer(nowMs + delayMs, 'H', 1, cjson.encode(noted(header, nowMs, trouble)) .. rest)
  else
    send(1, cjson.encode(noted(header, nowMs)) .. rest)
    wake()
  end
end
for ending = at, #ARGV do finish(unpack(cjson.decode(ARGV[ending]))) end
if done > 0 then redis.call('HINCRBY', q, 'done', done) end

local due = redis.call('ZRANGEBYSCORE', q .. ':delayed', '-inf', string.format('%.0f', nowMs), 'LIMIT', 0, dueMax)
for _, member in ipairs(due) do
  local level, message = tonumber(string.sub(member, 2, 2)), string.sub(member, 3)
  if not streams[level or 0] then
    bury(nil, member, 'This is no message of a queue.')
  elseif string.sub(member, 1, 1) == 'H' then
    send(level, message)
  else
    local header = headerOf(message)
    place(level, header and header.k, message)
  end
end
if #due > 0 then
  redis.call('ZREMRANGEBYRANK', q .. ':delayed', 0, #due - 1)
  wake()
end

local answer = {nowMs, -1, 0}
local following = redis.call('ZRANGE', q .. ':delayed', 0, 0, 'WITHSCORES')
if following[2] then answer[2] = math.max(0, math.ceil(following[2] - nowMs)) end
local tick = redis.call('ZRANGE', q .. ':ticks', 0, 0, 'WITHSCORES')
if tick[2] then
  local tickMs = tonumber(tick[2]) - nowMs
  if tickMs <= 0 then
    answer[3] = 1
  elseif answer[2] < 0 or tickMs < answer[2] then
    answer[2] = math.ceil(tickMs)
  end
end

local pageMax, bytesMax, bytes = 50, 4194304, 0
local function read(level, from, count)
  local stream = streams[level]
  local reply = redis.pcall('XREADGROUP', 'GROUP', 'workers', consumer, 'COUNT', count, 'STREAMS', stream, from)
  if reply and reply.err then
    if not string.find(reply.err, 'NOGROUP', 1, true) then error(reply.err) end
    redis.call('XGROUP', 'CREATE', stream, 'workers', '0', 'MKSTREAM')
    reply = redis.call('XREADGROUP', 'GROUP', 'workers', consumer, 'COUNT', count, 'STREAMS', stream, from)
  end
  if not reply then return 0 end
  local length = #answer
  local entries = reply[1][2]
  for _, entry in ipairs(entries) do
    answer[length + 1] = level
    answer[length + 2] = entry[1]
    local message = entry[2] and entry[2][1] == 'm' and entry[2][2] or ''
    answer[length + 3] = message
    length = length + 3
    bytes = bytes + #message
  end
  return #entries
end
if ARGV[4] == '1' then
  for level = 1, 4 do read(level, '0', 1000) end
end
if want > 0 then
  if redis.call('HGET', q, 'paused') then
    redis.call('DEL', q .. ':wake')
  else
    for index = 1, 4 do
      local level = tonumber(string.sub(order, index, index))
      local count, asked = 0, 0
      while want > 0 and count == asked and bytes < bytesMax do
        asked = math.min(want, pageMax)
        count = read(level, '>', asked)
        want = want - count
      end
    end
    if want > 0 and bytes < bytesMax then redis.call('DEL', q .. ':wake') else wake() end
  end
elseif ARGV[5] == '1' then
  wake()
end
return answer
`);
