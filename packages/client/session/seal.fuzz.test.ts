/** Whatever is done to a sealed value, it opens as what was sealed or not at all, and never throws. */
import { describe, expect, test } from "bun:test";
import { systemRandomness } from "../randomness.ts";
import { Seal } from "./seal.ts";

const seed = Number(process.env["LARDER_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
let state = seed;
const below = (limit: number) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};

const secret = "0123456789abcdef0123456789abcdef";
const older = "fedcba9876543210fedcba9876543210";
const seal = (isEncrypted: boolean, options: { name?: string; secrets?: string[] } = {}) =>
  new Seal({ name: "session", secrets: [secret], isEncrypted, randomness: systemRandomness, ...options });

const alphabet = "ABCabc012-_.~%=+/ \0\n;é🍋";
const mutations: ((text: string) => string)[] = [
  (text) => text.slice(0, below(text.length)),
  (text) => text.slice(1 + below(text.length)),
  (text) => text + [...alphabet][below([...alphabet].length)],
  (text) => {
    const at = below(text.length);
    return text.slice(0, at) + [...alphabet][below([...alphabet].length)] + text.slice(at + 1);
  },
  (text) => [...text].reverse().join(""),
  (text) => text.repeat(2),
  (text) => text.toUpperCase(),
];

describe.each([
  ["signed", false],
  ["encrypted", true],
])("%s", (_name, isEncrypted) => {
  test("opens what it has sealed, also with an older secret or in the other way, which it says", () => {
    expect(seal(isEncrypted).open(seal(isEncrypted).seal("id"))).toEqual({ value: "id", isStale: false });
    const rotated = seal(isEncrypted, { secrets: [older, secret] });
    expect(rotated.open(seal(isEncrypted).seal("id"))).toEqual({ value: "id", isStale: true });
    expect(seal(isEncrypted).open(seal(!isEncrypted).seal("id"))).toEqual({ value: "id", isStale: true });
  });

  test("of another secret or another cookie it opens nothing", () => {
    const sealed = seal(isEncrypted).seal("id");
    expect(seal(isEncrypted, { secrets: [older] }).open(sealed)).toBeUndefined();
    expect(seal(isEncrypted, { name: "other" }).open(sealed)).toBeUndefined();
  });

  test(`20,000 altered values, seed ${seed}`, () => {
    const subject = seal(isEncrypted);
    for (let round = 0; round < 20_000; round++) {
      const sealed = round % 100 === 0 ? subject.seal(`id-${round}`) : subject.seal("id");
      let altered = sealed;
      for (let step = 0; step <= below(3); step++) altered = mutations[below(mutations.length)]!(altered);
      if (altered !== sealed) expect(subject.open(altered)).toBeUndefined();
    }
  });
});

test("secrets that are missing or short are refused", () => {
  expect(() => seal(false, { secrets: [] })).toThrow("secrets is empty");
  expect(() => seal(false, { secrets: ["short"] })).toThrow("shorter than 32 bytes");
});
