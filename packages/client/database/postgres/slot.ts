/** The replication slot: PostgreSQL keeps in it how far a follower has come, and the log from there on. One follower uses it at a time. */
import type { Client } from "pg";
import { DatabaseRefused, SourceBusy } from "../source.ts";
import { quoted } from "./tables.ts";

interface SlotState {
  active: boolean;
  isOurs: boolean;
  isLost: boolean;
}

/** null: there is none. Rejects with SourceBusy when it is in use. */
export async function readSlot(control: Client, slot: string): Promise<SlotState | null> {
  const { rows } = await control.query<SlotState>(
    `select active, coalesce(plugin = 'pgoutput' and database = current_database(), false) as "isOurs",
      coalesce(wal_status = 'lost', false) as "isLost" from pg_replication_slots where slot_name = $1`,
    [slot],
  );
  const state = rows[0];
  if (state === undefined) return null;
  if (!state.isOurs)
    throw new DatabaseRefused(
      "SLOT_TAKEN",
      `The replication slot ${slot} is there for another database or plugin. Give another name.`,
    );
  if (state.active) throw new SourceBusy("Another process uses the replication slot.");
  return state;
}

/** Resolves to where it begins. */
export async function createSlot(replication: Client, slot: string, isTemporary: boolean): Promise<string> {
  const kind = isTemporary ? "TEMPORARY LOGICAL" : "LOGICAL";
  try {
    const { rows } = await replication.query(
      `CREATE_REPLICATION_SLOT ${quoted(slot)} ${kind} pgoutput NOEXPORT_SNAPSHOT`,
    );
    return (rows[0] as { consistent_point: string }).consistent_point;
  } catch (cause) {
    // Another process was faster.
    if (codeOf(cause) === "42710")
      throw new SourceBusy("Another process has just made the replication slot.", { cause });
    throw cause;
  }
}

export async function dropSlot(control: Client, slot: string): Promise<void> {
  await control.query("select pg_drop_replication_slot($1)", [slot]);
}

export function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}
