import { expect, test } from "bun:test";
import { parseClientChoices } from "./choices.ts";

const all = ["hits", "queue"] as const;

test("everything, and parts of it, each with results of its own", () => {
  expect(parseClientChoices([], all)).toEqual({ parts: ["hits", "queue"], isQuick: false, resultName: "client" });
  expect(parseClientChoices(["--only", "queue", "--quick"], all)).toEqual({
    parts: ["queue"],
    isQuick: true,
    resultName: "client-queue-quick",
  });
});

test.each(["--only lunch", "--slow", "queue"])("not %s", (args) => {
  expect(parseClientChoices(args.split(" "), all)).toBeUndefined();
});
