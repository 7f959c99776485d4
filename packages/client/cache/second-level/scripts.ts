/**
 * What runs in the server. Entries and their leases are in one slot; versions stand alone. Each script that writes over the connection that is told
 * of changes reads the key at its end: a write of one's own ends the server's remembering of it.
 *
 *   lease   the value, unless it is the one that was seen; else the lease is taken, or how long another still has it
 *   fill    stores while the lease is one's own, and the value the one that was seen (or gone)
 *   store   writes whatever is there, and ends the lease, so that a load that is under way is not stored
 *   release ends the lease if it is one's own
 *   expire  makes it stale, and ends the lease
 *   version the version, made where there is none
 *   renew   a new version
 */
import { Script } from "../../connection/script.ts";
import { envelopeFormat } from "./envelope.ts";

const { identityBytes, freshUntilAt, tokenBytes } = envelopeFormat;

/** A value of another type counts as none. */
const identity = `
local identity = redis.pcall('GETRANGE', KEYS[1], 0, ${identityBytes - 1})
if type(identity) ~= 'string' then identity = '' end
`;

/** KEYS: entry, lease. ARGV: the identity that was seen, token, lease time in ms. */
export const leaseScript = new Script(`${identity}
if identity ~= '' and identity ~= ARGV[1] then return {'value', redis.call('GET', KEYS[1])} end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[2] then return {'held', redis.call('PTTL', KEYS[2])} end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('EXISTS', KEYS[1], KEYS[2])
return {'mine'}`);

/** KEYS: entry, lease. ARGV: the identity that was seen, token, value, time to live in ms. */
export const fillScript = new Script(`
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
${identity}
redis.call('DEL', KEYS[2])
if identity ~= '' and identity ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
redis.call('EXISTS', KEYS[1])
return 1`);

/** KEYS: entry, lease. ARGV: value, time to live in ms. */
export const storeScript = new Script(`
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
redis.call('EXISTS', KEYS[1])
return 1`);

/** KEYS: lease. ARGV: token. */
export const releaseScript = new Script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`);

/** KEYS: entry, lease. ARGV: fresh until, as it is in the envelope. */
export const expireScript = new Script(`${identity}
if #identity == ${identityBytes} then redis.call('SETRANGE', KEYS[1], ${freshUntilAt}, ARGV[1]) end
return redis.call('DEL', KEYS[2])`);

const newVersion = `
local now = redis.call('TIME')
local version = string.format('%010d%06d', now[1], now[2]) .. ARGV[1]
`;

/** KEYS: version. ARGV: 8 random characters, time to live in ms. */
export const versionScript = new Script(`
local known = redis.pcall('GET', KEYS[1])
if type(known) == 'string' and #known == ${tokenBytes} then
  if redis.call('PTTL', KEYS[1]) < ARGV[2] / 2 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
else
  ${newVersion}
  redis.call('SET', KEYS[1], version, 'PX', ARGV[2])
end
return redis.call('GET', KEYS[1])`);

/** KEYS: version. ARGV: 8 random characters, time to live in ms. */
export const renewScript = new Script(`${newVersion}
redis.call('SET', KEYS[1], version, 'PX', ARGV[2])
return redis.call('GET', KEYS[1])`);
