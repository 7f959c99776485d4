/** Seeded commands that fill an engine with keys of every kind, small ones and some large, until their data have a given size. */
import { randomFrom } from "../../tests/fixture/seed.ts";
import { encode } from "../bare-client.ts";
import type { Commands } from "./saved-file.ts";

const seed = 20_261_122;
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
const batchBytes = 1 << 20;
/** What the protocol adds to a word, more or less. */
const overheadBytes = 6;
/** Random text is cut out of this: far longer than the window in which an engine looks for repetitions. */
const poolBytes = 1 << 20;

/**
 * What one round adds, so that bytes are shared about evenly: short strings, hashes and sorted sets within the packed
 * form and far above it, streams with a group.
 */
const round = { strings: 120, smallHashes: 20, smallZsets: 20, streams: 8, entriesOfStream: 40 };
const largeEvery = 5;
const fieldsOfLarge = 1_000;

type Words = (string | number)[];

export function* mixedCommands(dataBytes: number): Commands {
  const random = randomFrom(seed);
  const pool = Array.from({ length: poolBytes }, () => letters[random(letters.length)]).join("");
  const text = (count: number) => {
    const at = random(poolBytes - count);
    return pool.slice(at, at + count);
  };
  let batch: string[] = [];
  let batched = 0;
  let done = 0;
  let number = 0;
  for (; done < dataBytes; number++) {
    for (const words of wordsOfRound(number, random, text)) {
      const request = encode(words.map(String));
      batch.push(request);
      batched += request.length;
      done += request.length - overheadBytes * words.length;
    }
    if (batched < batchBytes) continue;
    yield Buffer.from(batch.join(""), "latin1");
    batch = [];
    batched = 0;
  }
  yield Buffer.from(batch.join(""), "latin1");
  return keysOf(number);
}

function keysOf(rounds: number): number {
  const small = round.strings + round.smallHashes + round.smallZsets + round.streams;
  return rounds * small + 2 * Math.ceil(rounds / largeEvery);
}

function* wordsOfRound(number: number, random: (below: number) => number, text: (count: number) => string) {
  for (let index = 0; index < round.strings; index++) {
    const expiry: Words = index % 3 === 0 ? ["EX", 1_000_000 + random(1_000)] : [];
    yield ["SET", `user:${number}:${index}`, text(16 + random(80)), ...expiry];
  }
  for (let index = 0; index < round.smallHashes; index++)
    yield ["HSET", `cart:${number}:${index}`, ...fields(20, text)];
  for (let index = 0; index < round.smallZsets; index++)
    yield ["ZADD", `board:${number}:${index}`, ...scored(20, random, text)];
  if (number % largeEvery === 0) {
    yield ["HSET", `profile:${number}`, ...fields(fieldsOfLarge, text)];
    yield ["ZADD", `ranking:${number}`, ...scored(fieldsOfLarge, random, text)];
  }
  for (let index = 0; index < round.streams; index++) {
    const key = `events:${number}:${index}`;
    for (let entry = 0; entry < round.entriesOfStream; entry++)
      yield ["XADD", key, `${1_700_000_000_000 + entry * 250}-0`, "sensor", random(5_000), "reading", text(12)];
    yield ["XGROUP", "CREATE", key, "workers", "0"];
    yield ["XREADGROUP", "GROUP", "workers", "one", "COUNT", "5", "STREAMS", key, ">"];
  }
}

function fields(count: number, text: (count: number) => string): Words {
  return Array.from({ length: count }, (_, index) => [`field:${index}`, text(16)]).flat();
}

function scored(count: number, random: (below: number) => number, text: (count: number) => string): Words {
  return Array.from({ length: count }, () => [random(1 << 30) / 7, text(14)]).flat();
}
