/** Pause, resume, numbers, and the end of a consumer. */
import { Script } from "../../../connection/script.ts";
import { prelude } from "./prelude.ts";

/** Argument: "1" pauses, "0" resumes. */
export const pauseScript = new Script(`${prelude}
if ARGV[1] == '1' then
  redis.call('HSET', q, 'paused', '1')
else
  redis.call('HDEL', q, 'paused')
  wake()
end
return 0
`);

/** Answers: entries, running, delayed, held by a key, dead letters, whether it is paused, ever done, ever died, consumers heard within their lease. */
export const statsScript = new Script(`${prelude}
local entries, running, consumers = 0, 0, {}
for level = 1, 4 do
  entries = entries + redis.call('XLEN', streams[level])
  local pending = redis.pcall('XPENDING', streams[level], 'workers')
  local group = redis.pcall('XINFO', 'CONSUMERS', streams[level], 'workers')
  if not pending.err then running = running + pending[1] end
  if not group.err then
    for _, consumer in ipairs(group) do
      local name, idleMs = consumer[2], consumer[6]
      if idleMs <= (tonumber(string.match(name, '^%d+')) or 0) then consumers[name] = true end
    end
  end
end
local consumerCount = 0
for _ in pairs(consumers) do consumerCount = consumerCount + 1 end
local kept = redis.call('HMGET', q, 'held', 'done', 'dead')
return {entries, running, redis.call('ZCARD', q .. ':delayed'), tonumber(kept[1] or 0), redis.call('XLEN', q .. ':dead'),
  redis.call('HEXISTS', q, 'paused'), tonumber(kept[2] or 0), tonumber(kept[3] or 0), consumerCount}
`);

/**
 * Forgets consumers that have nothing: the one that is named, and those that were silent for longer than the given time. A consumer that has
 * something keeps its name, as what it has would be lost with it.
 */
export const forgetScript = new Script(`${prelude}
for level = 1, 4 do
  local group = redis.pcall('XINFO', 'CONSUMERS', streams[level], 'workers')
  if not group.err then
    for _, consumer in ipairs(group) do
      local name, pending, idleMs = consumer[2], consumer[4], consumer[6]
      if pending == 0 and (name == ARGV[1] or idleMs > tonumber(ARGV[2])) then
        redis.call('XGROUP', 'DELCONSUMER', streams[level], 'workers', name)
      end
    end
  end
end
wake()
return 0
`);
