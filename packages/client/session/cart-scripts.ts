/**
 * What happens to a shopping cart in the server, each in one step. KEYS of all: its lines (article → quantity), and its notes:
 *
 *   >       the owner whose cart this one was merged into
 *   <owner  a cart whose lines are in this one already, although it may not be empty yet
 */
import { Script } from "../connection/script.ts";

/** ARGV: how long it is kept, add or set, article, quantity, most of an article, most lines. {what, quantity} or {'merged', into}. */
export const changeScript = new Script(`
local into = redis.call('HGET', KEYS[2], '>')
if into then return {'merged', into} end
local before = tonumber(redis.call('HGET', KEYS[1], ARGV[3]) or 0)
local after = tonumber(ARGV[4]) + (ARGV[2] == 'add' and before or 0)
if after <= 0 then
  redis.call('HDEL', KEYS[1], ARGV[3])
  after = 0
elseif after > before and after > tonumber(ARGV[5]) then return {'quantity', before}
elseif before == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then return {'lines', 0}
else redis.call('HSET', KEYS[1], ARGV[3], after) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'changed', after}`);

/** ARGV: whose cart it goes into, how long that is remembered. Its lines; nil where it went into another's. */
export const sealScript = new Script(`
if redis.call('HSETNX', KEYS[2], '>', ARGV[1]) == 0 and redis.call('HGET', KEYS[2], '>') ~= ARGV[1] then return false end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return redis.call('HGETALL', KEYS[1])`);

/** ARGV: how long it is kept, whose cart comes, most of an article, most lines, lines. The lines that had no room, as far as they had none. */
export const mergeScript = new Script(`
local dropped = {}
if redis.call('HSETNX', KEYS[2], '<' .. ARGV[2], 1) == 0 then return dropped end
for index = 5, #ARGV, 2 do
  local article, comes = ARGV[index], tonumber(ARGV[index + 1])
  local before = tonumber(redis.call('HGET', KEYS[1], article) or 0)
  local room = math.max(tonumber(ARGV[3]) - before, 0)
  if before == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then room = 0 end
  local taken = math.min(comes, room)
  if taken > 0 then redis.call('HSET', KEYS[1], article, before + taken) end
  if taken < comes then
    dropped[#dropped + 1] = article
    dropped[#dropped + 1] = comes - taken
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return dropped`);
