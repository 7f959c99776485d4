import { expect, test } from "bun:test";
import { turnAnswer, turnArguments } from "./turn.ts";

const request = {
  consumer: "30000-a",
  want: 5,
  order: "1234",
  isRecovering: false,
  isPassing: true,
  errorsMax: 10,
  deadLettersMax: 100,
};

test("endings of messages without a key are lists by level, all others are said one by one", () => {
  const endings = [
    { verb: "done", level: 3, entry: "1-0", key: undefined },
    { verb: "done", level: 3, entry: "2-0", key: "k" },
    { verb: "retry", level: 1, entry: "3-0", key: undefined, delayMs: 50, error: "no" },
    { verb: "done", level: 3, entry: "4-0", key: undefined },
  ] as const;
  expect(turnArguments({ ...request, endings })).toEqual([
    ...["30000-a", "5", "1234", "0", "1", "10", "100"],
    ...["0", "0", "2", "1-0", "4-0", "0"],
    '["done",3,"2-0","k",0,""]',
    '["retry",1,"3-0","",50,"no"]',
  ]);
});

test("an answer", () => {
  expect(turnAnswer([7, -1, 0])).toEqual({ serverMs: 7, dueInMs: null, isScheduleDue: false, taken: [] });
  expect(turnAnswer([7, 0, 1, 3, "1-0", "message"])).toEqual({
    serverMs: 7,
    dueInMs: 0,
    isScheduleDue: true,
    taken: [{ level: 3, entry: "1-0", message: "message" }],
  });
});
