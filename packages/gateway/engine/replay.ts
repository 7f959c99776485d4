/**
 * What becomes of a client's commands when the server connection that they were on is lost. Pure.
 *
 *   not wholly sent        sent again: the engine cannot have run it
 *   sent, only reads       sent again
 *   sent, anything else    its outcome is unknown, which the client is told in its place among the replies
 *   part of a transaction  sent again if none of the transaction was sent, else unknown
 *
 * The plan is a stream of requests that the client's input is put behind. A command of unknown outcome is in it as a
 * request for just that error (`outcomeUnknownMark`), so that it comes in the right place however long the reads before
 * it take. A client that says the same itself is told the same.
 */
import { authenticatedLimits, type CommandTable, encodeError, encodeRequest, RequestScanner, Scan } from "@larder/resp";
import { Class, classOf, onlyReads, outcomeUnknownMark } from "../commands/command-classes.ts";

export interface LostRun {
  /** Where the run's commands are; those before the last `unanswered` have their replies. */
  start: number;
  end: number;
  unanswered: number;
  /** Bytes from here on did not reach the engine. */
  sent: number;
}

export interface ReplayPlan {
  requests: Buffer;
  unknown: number;
}

interface LostCommand {
  start: number;
  end: number;
  entry: number;
}

/** The text says that the command may have run: a caller must not simply send it again. */
export const outcomeUnknownError = encodeError(
  "OUTCOMEUNKNOWN the engine was lost after the command was sent; it may or may not have been executed",
);

const markRequest = encodeRequest([outcomeUnknownMark]);

export function planReplay(bytes: Buffer, run: LostRun, commands: CommandTable | null): ReplayPlan {
  const lost = commandsOf(bytes, run, commands);
  const first = lost.length - run.unanswered;
  const parts: Buffer[] = [];
  let unknown = 0;
  for (let index = 0; index < lost.length; ) {
    const next = transactionEnd(lost, index);
    const isAgain = canSendAgain(lost.slice(index, next), run.sent, index >= first);
    for (; index < next; index++) {
      if (index < first) continue;
      const { start, end } = lost[index] as LostCommand;
      if (!isAgain) unknown++;
      parts.push(isAgain ? bytes.subarray(start, end) : markRequest);
    }
  }
  return { requests: Buffer.concat(parts), unknown };
}

/** The last `unanswered` commands of the run. */
export function unansweredOf(
  bytes: Buffer,
  run: LostRun,
  commands: CommandTable | null,
): { request: Buffer; entry: number; isSingle: boolean }[] {
  const lost = commandsOf(bytes, run, commands);
  const found: { request: Buffer; entry: number; isSingle: boolean }[] = [];
  for (let index = 0; index < lost.length; ) {
    const next = transactionEnd(lost, index);
    const isSingle = next === index + 1;
    for (const { start, end, entry } of lost.slice(index, next))
      found.push({ request: bytes.subarray(start, end), entry, isSingle });
    index = next;
  }
  return found.slice(found.length - run.unanswered);
}

/** Of commands that were all sent: reads go again, and what the engine is known not to have executed. */
export function planAgain<Command extends { request: Buffer; entry: number }>(
  commands: readonly Command[],
  isRefused: (command: Command) => boolean,
): ReplayPlan {
  const again = commands.map((command) => onlyReads(command.entry) || isRefused(command));
  const parts = commands.map(({ request }, index) => (again[index] ? request : markRequest));
  return { requests: Buffer.concat(parts), unknown: again.filter((isAgain) => !isAgain).length };
}

/** The index after the transaction that begins at `index`, or after the one command. */
function transactionEnd(lost: readonly LostCommand[], index: number): number {
  if (classOf((lost[index] as LostCommand).entry) !== Class.multi) return index + 1;
  const exec = lost.findIndex((each, at) => at > index && classOf(each.entry) === Class.exec);
  return exec < 0 ? lost.length : exec + 1;
}

function canSendAgain(unit: readonly LostCommand[], sent: number, isWhollyUnanswered: boolean): boolean {
  const [first] = unit as [LostCommand];
  const isUnsent = first.end > sent;
  if (unit.length > 1) return isUnsent && isWhollyUnanswered;
  return onlyReads(first.entry) || (isUnsent && classOf(first.entry) !== Class.exec);
}

function commandsOf(bytes: Buffer, run: LostRun, commands: CommandTable | null): LostCommand[] {
  const scanner = new RequestScanner();
  const found: LostCommand[] = [];
  for (let start = run.start; start < run.end; start = scanner.end) {
    if (scanner.scan(bytes, start, run.end, authenticatedLimits) !== Scan.complete) break;
    const name = commands?.find(bytes, scanner.offsets[0] as number, scanner.offsets[1] as number) ?? -1;
    found.push({ start, end: scanner.end, entry: Math.max(0, name) });
  }
  return found;
}
