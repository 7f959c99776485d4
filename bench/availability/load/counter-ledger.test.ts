import { expect, test } from "bun:test";
import { CounterLedger } from "./counter-ledger.ts";

/** "+7": acknowledged as 7; "?": failed; "=7": read as 7. */
function lossesOf(script: string): { lost: number; doubled: number } {
  const ledger = new CounterLedger();
  for (const step of script.split(" ")) {
    if (step === "?") ledger.fail();
    else if (step.startsWith("+")) ledger.acknowledge(Number(step.slice(1)));
    else ledger.read(Number(step.slice(1)));
  }
  return { lost: ledger.lost, doubled: ledger.doubled };
}

test.each([
  ["+1 +2 +3 =3", 0, 0],
  ["+1 ? +2 =2", 0, 0],
  ["+1 ? +3 =3", 0, 0],
  ["+1 ? +4 =4", 0, 1],
  ["+1 +3", 0, 1],
  ["+1 +2 +3 ? +2 +3 =3", 2, 0],
  ["+1 +2 +3 =1", 2, 0],
  ["+1 ? ? =3", 0, 0],
  ["+1 ? ? =4", 0, 1],
  ["+1 +2 +1 +3", 2, 1],
])("%s", (script, lost, doubled) => {
  expect(lossesOf(script)).toEqual({ lost, doubled });
});
