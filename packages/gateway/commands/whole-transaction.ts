/**
 * MULTI … EXEC of which every byte has arrived: it can pass on a shared connection as it stands, in one write, and the
 * engine itself says what is wrong with it.
 */
import { authenticatedLimits, type CommandTable, RequestScanner, Scan } from "@larder/resp";
import { limits } from "../limits.ts";
import { blocking, bulky, Class, classOf, queueable } from "./command-classes.ts";

const scanner = new RequestScanner();

/**
 * Where the transaction at `start` ends, and of how many commands it is; undefined when it is not whole, has something in
 * it that does not belong on the fast lane, or is more than `room`. `mayBlock` is false for who may not be allowed MULTI: then what is
 * in it is run by itself.
 */
export function findWholeTransaction(
  commands: CommandTable,
  bytes: Buffer,
  start: number,
  { room, mayBlock }: { room: number; mayBlock: boolean },
): { end: number; count: number } | undefined {
  const limit = Math.min(bytes.length, start + limits.bulkBytes);
  let position = start;
  for (let count = 1; count <= room; count++) {
    if (scanner.scan(bytes, position, limit, authenticatedLimits) !== Scan.complete) return undefined;
    const found = classOf(commands.find(bytes, scanner.offsets[0] as number, scanner.offsets[1] as number));
    position = scanner.end;
    if (count === 1) {
      if (scanner.argumentCount !== 1) return undefined;
    } else if (found === Class.exec) {
      return scanner.argumentCount === 1 ? { end: position, count } : undefined;
    } else if (!queueable.includes(found) || bulky.includes(found) || (!mayBlock && blocking.includes(found))) {
      return undefined;
    }
  }
  return undefined;
}
