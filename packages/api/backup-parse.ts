/** Untrusted bodies of what concerns backups. */
import { z } from "zod";
import { parseBody, wholeNumber } from "./body-values.ts";
import { LarderError } from "./errors.ts";
import { sasProblem } from "./sas-rules.ts";
import type { StorageLocation } from "./storage-location.ts";
import { storageLocation } from "./storage-location-parse.ts";

/** When backups are made, and for how long they are kept. */
export interface BackupSchedule {
  to: StorageLocation;
  everyMinutes: number;
  /** "HH:MM" in UTC from which the times are counted; null: from the end of the one before. */
  startAt: string | null;
  /** How many are kept at most. */
  keep: number;
  /** Older ones go, but for the newest; null: age is no reason. */
  keepDays: number | null;
}

export const backupLimits = {
  /** Each one forks the engine and goes through the whole data. */
  everyMinutesMin: 15,
  everyMinutesMax: 31 * 24 * 60,
  keepMax: 1_000,
  keepDaysMax: 3_650,
  /** Of one cache, in any state; more are refused, and the schedule waits. */
  backupsMax: 1_100,
} as const;

const { everyMinutesMin, everyMinutesMax, keepMax, keepDaysMax } = backupLimits;
const dayMinutes = 24 * 60;

const between = (least: number, most: number) =>
  wholeNumber.pipe(z.number().min(least, `must be ${least} or more`).max(most, `must be ${most} at most`));

const policyBody = z.object({
  properties: z.object(
    {
      location: storageLocation,
      everyMinutes: between(everyMinutesMin, everyMinutesMax),
      startAt: z
        .string()
        .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time such as 03:30, in UTC")
        .nullable()
        .default(null),
      keep: between(1, keepMax).default(14),
      keepDays: between(1, keepDaysMax).nullable().default(null),
    },
    "is required",
  ),
});

const nowBody = z.object({ location: storageLocation.optional() });
const restoreBody = z.object({ target: z.string().min(1).max(500).optional(), from: storageLocation.optional() });
const findBody = z.object({ location: storageLocation, cache: z.string().min(1).max(63).optional() });

/** Throws InvalidRequestBody or InvalidParameter with its target. */
export function parseBackupPolicy(body: unknown, nowMs: number): BackupSchedule {
  const { location, ...rest } = (parseBody(policyBody, body) as z.infer<typeof policyBody>).properties;
  requireFolder(location, "properties.location", nowMs);
  if (rest.startAt !== null && dayMinutes % rest.everyMinutes !== 0 && rest.everyMinutes % dayMinutes !== 0)
    throw invalid("properties.startAt", "needs an 'everyMinutes' that divides a day, or is days");
  return { to: location, ...rest };
}

/** Where one backup goes; undefined: where those of the schedule go. Throws as above. */
export function parseBackupNow(body: unknown, nowMs: number): StorageLocation | undefined {
  const { location } = parseBody(nowBody, body ?? {}) as z.infer<typeof nowBody>;
  if (location !== undefined) requireFolder(location, "location", nowMs);
  return location;
}

/** `target`: the cache that gets the data, by name; `from`: a storage of which the service need not know. Throws as above. */
export function parseBackupRestore(body: unknown): { target?: string | undefined; from?: StorageLocation | undefined } {
  return parseBody(restoreBody, body ?? {}) as z.infer<typeof restoreBody>;
}

/** Throws as above. */
export function parseBackupFind(body: unknown): { location: StorageLocation; cache?: string | undefined } {
  return parseBody(findBody, body) as z.infer<typeof findBody>;
}

function requireFolder(location: StorageLocation, target: string, nowMs: number): void {
  const { protocol, pathname, searchParams } = new URL(location.url);
  if (!protocol.startsWith("http")) return;
  if (!searchParams.has("sig")) throw invalid(target, "has no signature: use a container's URL with its SAS");
  if (searchParams.get("sr") === "b" || /\.rdb(\.gz)?$/i.test(pathname))
    throw invalid(target, "must be a container, not a file in it");
  const problem = sasProblem(location.url, "write", nowMs);
  if (problem !== undefined) throw invalid(target, problem);
}

function invalid(target: string, message: string): LarderError {
  return new LarderError("InvalidParameter", `'${target}' ${message}.`, { target });
}
