import { expect, test } from "bun:test";
import { parseChoices } from "./choices.ts";

test("everything, and parts of it, each with results of its own", () => {
  expect(parseChoices([])).toMatchObject({ clients: [50, 500], isQuick: false, resultName: "availability" });
  expect(parseChoices(["--only", "kills,moves", "--clients", "50", "--quick"])).toEqual({
    scenarios: ["moves", "kills"],
    clients: [50],
    isQuick: true,
    resultName: "availability-moves-kills-50-quick",
  });
});

test.each(["--only lunch", "--clients many", "--clients 5", "--slow", "kills"])("not %s", (line) => {
  expect(parseChoices(line.split(" "))).toBeUndefined();
});
