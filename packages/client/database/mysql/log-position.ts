/**
 * Where in a binary log one is: by what was executed, where the server numbers its transactions (MariaDB always, MySQL with gtid_mode=ON); such
 * a position holds on another server of the same topology, too. Else by file and offset, which hold on one server only. Pure.
 */
export type LogPosition =
  | { by: "gtid"; gtidSet: string }
  | { by: "file"; serverId: string; file: string; offset: number };

export function formatPosition(position: LogPosition): string {
  if (position.by === "gtid") return `gtid ${position.gtidSet}`;
  return `file ${position.serverId} ${position.file} ${position.offset}`;
}

/** null: no such position. */
export function parsePosition(text: string): LogPosition | null {
  const [by, first, file, offset] = text.split(" ");
  if (by === "gtid" && first !== undefined && file === undefined) return { by, gtidSet: first };
  if (by !== "file" || first === undefined || file === undefined || !/^\d+$/.test(offset ?? "")) return null;
  return { by, serverId: first, file, offset: Number(offset) };
}

/** Whether it can be resumed on the server with this identity: null if so, else why not. */
export function whyNotHere(position: LogPosition, here: { by: LogPosition["by"]; serverId: string }): string | null {
  if (position.by !== here.by) return "The server numbers its transactions in another way than before.";
  if (position.by === "gtid" || position.serverId === here.serverId) return null;
  return "It is another server than before, and transactions are not numbered (gtid_mode).";
}

/** A file's number and an offset in it, as one number that grows along the log. Files are below 4 GiB, numbers below a million. */
export function placeInLog(file: string, offset: number): number {
  return Number(/\.(\d+)$/.exec(file)?.[1] ?? 0) * 2 ** 32 + offset;
}
