import { expect, test } from "bun:test";
import { parsePartChoices } from "./choices.ts";

const of = { bench: "client", all: ["hits", "queue"] } as const;

test("everything, and parts of it, each with results of its own", () => {
  expect(parsePartChoices([], of)).toEqual({ parts: ["hits", "queue"], isQuick: false, resultName: "client" });
  expect(parsePartChoices(["--only", "queue", "--quick"], of)).toEqual({
    parts: ["queue"],
    isQuick: true,
    resultName: "client-queue-quick",
  });
});

test.each(["--only lunch", "--slow", "queue"])("not %s", (args) => {
  expect(parsePartChoices(args.split(" "), of)).toBeUndefined();
});
