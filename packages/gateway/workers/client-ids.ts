/**
 * Ids of clients that no two clients get, at whichever worker and in whichever of its lives. Each life of a worker takes
 * ids from blocks of its own: block number = generation × `workersMax` + (worker - 1), and each block is 2^20 ids. How
 * many generations a worker has used is kept on disk before the first id is given. Ids of one life rise; those of
 * different workers say nothing of who came first.
 *
 * Where the file cannot be written, ids repeat those of an earlier life after the next start: the gateway serves on.
 */
import { gatewayLimits } from "@larder/api";
import { type Log, readJsonFile, writeFileAtomic } from "@larder/service";

const blockSize = 2 ** 20;

/** Says the next number, never the same twice. */
export type NextGeneration = () => number;

export class ClientIds {
  readonly #worker: number;
  readonly #nextGeneration: NextGeneration;
  #next = 0;
  #end = 0;

  constructor(worker: number, nextGeneration: NextGeneration) {
    this.#worker = worker;
    this.#nextGeneration = nextGeneration;
  }

  next(): number {
    if (this.#next === this.#end) this.#beginBlock();
    return this.#next++;
  }

  /** No id is 0, as with Valkey. */
  #beginBlock(): void {
    const block = this.#nextGeneration() * gatewayLimits.workersMax + (this.#worker - 1);
    this.#next = block * blockSize + 1;
    this.#end = (block + 1) * blockSize + 1;
  }
}

interface GenerationsFile {
  used: number;
}

export function generationsOnDisk(path: string, log: Log): NextGeneration {
  let used = readUsed(path, log);
  return () => {
    const generation = used++;
    try {
      writeFileAtomic(path, JSON.stringify({ used } satisfies GenerationsFile));
    } catch (error) {
      log.error({ err: error }, "client ids cannot be kept; they may repeat after the next start");
    }
    return generation;
  };
}

function readUsed(path: string, log: Log): number {
  try {
    return readJsonFile<GenerationsFile>(path)?.used ?? 0;
  } catch (error) {
    log.error({ err: error }, "client ids of earlier lives cannot be read; they may repeat");
    return 0;
  }
}
