/** A consumer keeps what it has, and gives to all what others no longer keep. */
import { Script } from "../../../connection/script.ts";
import { endings, prelude } from "./prelude.ts";

/**
 * Arguments: consumer; retries; a fraction; most errors kept of a message; most dead letters; where each level's look begins (4); then for
 * each level how many entries it has, and their ids.
 *
 * A consumer's name begins with its lease in ms, so consumers with different leases may work side by side. What was lost once runs again at
 * once. What was lost more often may be what ends the processes: it waits longer each time, and not as long as the others that
 * were lost with it, so that those are not counted out together.
 *
 * Answers: where the next look begins (4), how many were taken over, how many of them died, then the ids that are still its own.
 */
export const beatScript = new Script(`${prelude}
local consumer, retries, fraction = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local errorsMax, deadMax = tonumber(ARGV[4]), ARGV[5]
local lookMax = 500
local nowMs = serverMs()
${endings}
local answer = {'-', '-', '-', '-', 0, 0}
local at = 10
for level = 1, 4 do
  local count = tonumber(ARGV[at])
  if count > 0 then
    local command = {'XCLAIM', streams[level], 'workers', consumer, '0'}
    for index = at + 1, at + count do command[#command + 1] = ARGV[index] end
    command[#command + 1] = 'JUSTID'
    local kept = redis.pcall(unpack(command))
    if not kept.err then
      for _, entry in ipairs(kept) do answer[#answer + 1] = entry end
    end
  end
  at = at + 1 + count
end
local function isLost(owner, idleMs)
  return idleMs > (tonumber(string.match(owner, '^%d+')) or 30000)
end
local function takeOver(level, entry)
  local message = take(level, entry)
  if not message then return end
  answer[5] = answer[5] + 1
  local trouble = 'The consumer was lost.'
  local header, rest = headerOf(message)
  if not header then
    answer[6] = answer[6] + 1
    return bury(nil, message, trouble)
  end
  noted(header, nowMs, trouble)
  header.x = (header.x or 0) + 1
  if header.a > retries then
    answer[6] = answer[6] + 1
    bury(header, rest, trouble)
  elseif header.x == 1 then
    send(1, cjson.encode(header) .. rest)
    wake()
  else
    local spread = (fraction + answer[5] * 0.618) % 1
    defer(nowMs + math.min(60000, 250 * 2 ^ header.x) * spread, 'H', 1, cjson.encode(header) .. rest)
  end
end
for level = 1, 4 do
  local pending = redis.pcall('XPENDING', streams[level], 'workers', ARGV[5 + level], '+', lookMax)
  if not pending.err then
    for _, entry in ipairs(pending) do
      if isLost(entry[2], entry[3]) then takeOver(level, entry[1]) end
    end
    if #pending == lookMax then answer[level] = pending[lookMax][1] end
  end
end
return answer
`);
