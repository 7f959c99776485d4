/** Adds a batch of messages; the same batch again adds nothing and answers the same. */
import { Script } from "../../../connection/script.ts";
import { prelude } from "./prelude.ts";

/**
 * Arguments: process, number of the batch, most messages in the queue, how long the batch is remembered; then for each message how it is
 * added (its level, or JSON) and the message without the time. Answers JSON: `[index, "same", id]` and `[index, "full"]` of
 * those that were not added, or nothing.
 */
export const addScript = new Script(`${prelude}
local batch = q .. ':adder:' .. ARGV[1]
local last = redis.call('GET', batch)
if last then
  local space = string.find(last, ' ', 1, true)
  if tonumber(string.sub(last, 1, space - 1)) >= tonumber(ARGV[2]) then return string.sub(last, space + 1) end
end
local length = tonumber(redis.call('HGET', q, 'held') or 0) + redis.call('ZCARD', q .. ':delayed')
for level = 1, 4 do length = length + redis.call('XLEN', streams[level]) end
local room = tonumber(ARGV[3]) - length
local nowMs = serverMs()
local opening = '{"t":' .. string.format('%.0f', nowMs) .. ','
local refused = {}
local isSent = false
for at = 5, #ARGV, 2 do
  local how = ARGV[at]
  local level = tonumber(how)
  local options = nil
  local first = false
  if not level then
    options = cjson.decode(how)
    level = options.l
    first = options.d and redis.call('GET', q .. ':dedupe:' .. options.d)
  end
  if first then
    table.insert(refused, {(at - 5) / 2, 'same', first})
  elseif room <= 0 then
    table.insert(refused, {(at - 5) / 2, 'full'})
  else
    room = room - 1
    local message = opening .. ARGV[at + 1]
    local dueMs = nowMs
    if options then
      if options.d then redis.call('SET', q .. ':dedupe:' .. options.d, options.i, 'PX', options.w) end
      dueMs = options.at or (nowMs + (options.after or 0))
    end
    if dueMs > nowMs then
      defer(dueMs, 'P', level, message)
    else
      place(level, options and options.k, message)
      isSent = true
    end
  end
end
if isSent then wake() end
local answer = ''
if #refused > 0 then answer = cjson.encode(refused) end
redis.call('SET', batch, ARGV[2] .. ' ' .. answer, 'PX', ARGV[4])
return answer
`);
