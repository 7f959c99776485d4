/** An effect in the same server, made at most once for an id, and only by whoever still has the delivery. */
import { Script } from "../../../connection/script.ts";
import { prelude } from "./prelude.ts";

/**
 * The first key is the queue's, the others are the effect's. Arguments: level and entry of the delivery, the id, how long the result is
 * kept, then the effect's. Answers JSON: `{"r": result}`, `{"e": error}` of an effect that failed halfway, or nothing if the delivery is another's.
 *
 * `effect` is the body of a function of KEYS and ARGV. What it raises is recorded like a result: some of it may have been written, and nothing is
 * undone. What it returns as an error reply is not: it has decided to write nothing.
 */
export function onceScript(effect: string): Script {
  return new Script(`${prelude}${asJson}
local record = q .. ':once:' .. ARGV[3]
local known = redis.call('GET', record)
if known then return known end
local owned = redis.pcall('XPENDING', streams[tonumber(ARGV[1])], 'workers', ARGV[2], ARGV[2], 1)
if owned.err or #owned == 0 then return '' end
local function effect(KEYS, ARGV)
${effect}
end
local keys, args = {}, {}
for index = 2, #KEYS do keys[index - 1] = KEYS[index] end
for index = 5, #ARGV do args[index - 4] = ARGV[index] end
local isDone, result = pcall(effect, keys, args)
if isDone and type(result) == 'table' and result.err then return redis.error_reply(result.err) end
local answer
if isDone then
  answer = '{"r":' .. cjson.encode(asJson(result)) .. '}'
else
  answer = cjson.encode({e = type(result) == 'table' and result.err or tostring(result)})
end
redis.call('SET', record, answer, 'PX', ARGV[4])
return answer
`);
}

const asJson = `
local function asJson(reply)
  if reply == nil or reply == false then return cjson.null end
  if type(reply) ~= 'table' then return reply end
  if reply.ok then return reply.ok end
  local list = {}
  for index, item in ipairs(reply) do list[index] = asJson(item) end
  return #list > 0 and list or cjson.null
end
`;

/** A list of commands as JSON: all are executed, or, where the first is refused, none. */
export const commandsEffect = `
local replies = {}
for index, command in ipairs(cjson.decode(ARGV[1])) do
  local reply = redis.pcall(unpack(command))
  if type(reply) == 'table' and reply.err then
    if index == 1 then return reply end
    error(reply)
  end
  replies[index] = reply
end
return replies
`;

/** Records the result of an effect elsewhere. Arguments: level and entry of the delivery, id, how long it is kept, result. */
export const recordScript = new Script(`${prelude}
local owned = redis.pcall('XPENDING', streams[tonumber(ARGV[1])], 'workers', ARGV[2], ARGV[2], 1)
if owned.err or #owned == 0 then return 0 end
redis.call('SET', q .. ':once:' .. ARGV[3], ARGV[5], 'PX', ARGV[4])
return 1
`);
