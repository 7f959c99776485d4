/** What repeats: one message for each tick, whichever process adds it. The next tick is computed by a client from the server's time. */
import { Script } from "../../../connection/script.ts";
import { prelude } from "./prelude.ts";

/** Arguments: name, JSON of the schedule, its next tick. The same schedule keeps the tick that it has. */
export const scheduleScript = new Script(`${prelude}
if redis.call('HGET', q .. ':schedules', ARGV[1]) == ARGV[2] and redis.call('ZSCORE', q .. ':ticks', ARGV[1]) then return 0 end
redis.call('HSET', q .. ':schedules', ARGV[1], ARGV[2])
redis.call('ZADD', q .. ':ticks', ARGV[3], ARGV[1])
wake()
return 1
`);

/** Answers the server's time, then name, tick and JSON of what is due. */
export const dueSchedulesScript = new Script(`${prelude}
local nowMs = serverMs()
local answer = {nowMs}
local due = redis.call('ZRANGEBYSCORE', q .. ':ticks', '-inf', string.format('%.0f', nowMs), 'WITHSCORES', 'LIMIT', 0, 20)
for index = 1, #due, 2 do
  local schedule = redis.call('HGET', q .. ':schedules', due[index])
  if schedule then
    table.insert(answer, due[index])
    table.insert(answer, due[index + 1])
    table.insert(answer, schedule)
  else
    redis.call('ZREM', q .. ':ticks', due[index])
  end
end
return answer
`);

/** Arguments: name, JSON and tick that were read, the next tick, level, key or nothing, message without the time. Answers whether it was added. */
export const tickScript = new Script(`${prelude}
if redis.call('HGET', q .. ':schedules', ARGV[1]) ~= ARGV[2] then return 0 end
if tonumber(redis.call('ZSCORE', q .. ':ticks', ARGV[1])) ~= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', q .. ':ticks', ARGV[4], ARGV[1])
place(tonumber(ARGV[5]), ARGV[6] ~= '' and ARGV[6] or nil, '{"t":' .. string.format('%.0f', serverMs()) .. ',' .. ARGV[7])
wake()
return 1
`);

/** Argument: name. */
export const unscheduleScript = new Script(`${prelude}
redis.call('ZREM', q .. ':ticks', ARGV[1])
return redis.call('HDEL', q .. ':schedules', ARGV[1])
`);
