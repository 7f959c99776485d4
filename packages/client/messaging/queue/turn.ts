/** How a turn of a consumer is asked, and what is answered (scripts/turn.ts). */
import type { Argument, Reply } from "../../connection/connection.ts";

/** How a delivery has ended. Of a message that cannot be read there is no key. */
export interface Ending {
  verb: "done" | "retry" | "dead" | "back";
  level: number;
  entry: string;
  key: string | undefined;
  delayMs?: number;
  error?: string;
}

export interface TurnRequest {
  consumer: string;
  want: number;
  order: string;
  isRecovering: boolean;
  isPassing: boolean;
  errorsMax: number;
  deadLettersMax: number;
  endings: readonly Ending[];
}

export interface Taken {
  level: number;
  entry: string;
  message: string;
}

export interface TurnAnswer {
  serverMs: number;
  /** Until something is due; null: nothing is. */
  dueInMs: number | null;
  isScheduleDue: boolean;
  taken: Taken[];
}

export function turnArguments(request: TurnRequest): Argument[] {
  const args = [
    request.consumer,
    String(request.want),
    request.order,
    request.isRecovering ? "1" : "0",
    request.isPassing ? "1" : "0",
    String(request.errorsMax),
    String(request.deadLettersMax),
  ];
  const plain: [string[], string[], string[], string[]] = [[], [], [], []];
  const others: string[] = [];
  for (const { verb, level, entry, key, delayMs = 0, error = "" } of request.endings) {
    if (verb === "done" && key === undefined) plain[level - 1]?.push(entry);
    else others.push(JSON.stringify([verb, level, entry, key ?? "", delayMs, error]));
  }
  for (const entries of plain) args.push(String(entries.length), ...entries);
  return args.concat(others);
}

export function turnAnswer(reply: Reply): TurnAnswer {
  const [serverMs, dueInMs, isScheduleDue, ...rest] = reply as [number, number, number, ...(number | string)[]];
  const taken: Taken[] = [];
  for (let at = 0; at < rest.length; at += 3)
    taken.push({ level: rest[at] as number, entry: rest[at + 1] as string, message: rest[at + 2] as string });
  return { serverMs, dueInMs: dueInMs < 0 ? null : dueInMs, isScheduleDue: isScheduleDue === 1, taken };
}
