/**
 * @larder/client/session/telemetry: the last known value of each metric of each device.
 *
 * Devices number what they report, by a counter or a clock of their own. A report that comes late, or twice, never replaces a
 * newer one, whichever process takes it. A counter that begins again at 0 is taken for old: `forget` the device then.
 */

import type { Reply } from "../connection/connection.ts";
import { Script } from "../connection/script.ts";
import { type ServerLike, serverOf } from "../connection/server.ts";
import { type Duration, durationMs } from "../duration.ts";

export interface TelemetryOptions {
  server: ServerLike;
  /** Before every key: "telemetry" unless told. */
  namespace?: string;
  /** A device that reports nothing is forgotten after so long: "7d" unless told. */
  keep?: Duration;
}

export interface Reading {
  value: unknown;
  /** As the device gave it. */
  sequence: bigint;
}

export interface Telemetry {
  /**
   * Keeps what is newer than what is known, each metric for itself. Values are what JSON can hold; `sequence` is a whole number, not
   * below 0. Returns the metrics of which something newer, or the same, was known.
   */
  report(
    device: string,
    metrics: Record<string, unknown>,
    options: { sequence: number | bigint },
  ): Promise<{ outdated: string[] }>;
  /** By metric; empty for a device that nobody knows. */
  read(device: string): Promise<Map<string, Reading>>;
  /** Of many devices, in their order, in one round trip. */
  readMany(devices: readonly string[]): Promise<Map<string, Reading>[]>;
  forget(device: string): Promise<void>;
}

export const telemetryLimits = {
  /** Of one report: a script takes no more arguments. */
  metricsMax: 1_000,
  /** Of a sequence, in digits. */
  sequenceDigitsMax: 32,
} as const;

/** ARGV: how long it is kept, the sequence, metrics and values. Sequences are compared as digits, so that none is rounded. */
const reportScript = new Script(`
local sequence, outdated = ARGV[2], {}
for index = 3, #ARGV, 2 do
  local known = redis.call('HGET', KEYS[1], ARGV[index])
  known = known and string.match(known, '^%d+')
  if not known or #sequence > #known or (#sequence == #known and sequence > known) then
    redis.call('HSET', KEYS[1], ARGV[index], sequence .. ' ' .. ARGV[index + 1])
  else outdated[#outdated + 1] = ARGV[index] end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return outdated`);

/** All methods reject with what the server answered, or with ServerUnreachable. Throws a TypeError that names a wrong option. */
export function telemetry(options: TelemetryOptions): Telemetry {
  const keepMs = String(Math.ceil(durationMs(options.keep ?? "7d", "keep")));
  const keyOf = (device: string) => {
    if (typeof device !== "string" || device === "") throw new TypeError("device is a name.");
    return `${options.namespace ?? "telemetry"}:{${device}}`;
  };
  const main = () => serverOf(options.server).main;
  const read = async (device: string) => readingsOf(await main().ask(["HGETALL", keyOf(device)]));
  return {
    async report(device, metrics, { sequence }) {
      const args = [keepMs, digitsOf(sequence), ...valuesOf(metrics)];
      return { outdated: (await reportScript.run(main(), [keyOf(device)], args)) as string[] };
    },
    read,
    readMany: (devices) => Promise.all(devices.map(read)),
    async forget(device) {
      await main().ask(["DEL", keyOf(device)]);
    },
  };
}

function digitsOf(sequence: number | bigint): string {
  const digits = String(sequence);
  const isWhole = typeof sequence === "bigint" || Number.isSafeInteger(sequence);
  if (isWhole && sequence >= 0 && digits.length <= telemetryLimits.sequenceDigitsMax) return digits;
  throw new TypeError("sequence is a whole number that is not below 0.");
}

function valuesOf(metrics: Record<string, unknown>): string[] {
  const entries = Object.entries(metrics);
  if (entries.length > telemetryLimits.metricsMax)
    throw new RangeError(`A report has at most ${telemetryLimits.metricsMax} metrics.`);
  return entries.flatMap(([metric, value]) => {
    const json = JSON.stringify(value) as string | undefined;
    if (json === undefined) throw new TypeError(`The metric ${JSON.stringify(metric)} is nothing that JSON can hold.`);
    return [metric, json];
  });
}

/** What is not as a report would have written it is left out. */
function readingsOf(reply: Reply): Map<string, Reading> {
  const pairs = reply as string[];
  const readings = new Map<string, Reading>();
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    const [, digits = "", json = ""] = /^(\d+) (.*)$/s.exec(pairs[index + 1] as string) ?? [];
    try {
      readings.set(pairs[index] as string, { value: JSON.parse(json) as unknown, sequence: BigInt(digits) });
    } catch {}
  }
  return readings;
}
