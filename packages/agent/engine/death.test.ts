import { expect, test } from "bun:test";
import { problemOfDeath } from "./death.ts";

const refusal = (directive: string) =>
  `\n*** FATAL CONFIG FILE ERROR (Version 8.0.1) ***\nReading the configuration file, at line 18\n>>> '${directive}'\nBad directive or wrong number of arguments\n`;

test("a death is told by the last line", () => {
  const started = { code: "EngineStartFailed" as const };
  const message = "The engine ended: Bad directive or wrong number of arguments";
  expect(problemOfDeath(refusal("bind"))).toEqual({ ...started, message });
  expect(problemOfDeath(`${refusal("bind")}Killed\n`)).toEqual({
    ...started,
    message: "The engine ended: Killed",
  });
  expect(problemOfDeath("")).toEqual({ ...started, message: "The engine ended: it left no message" });
});
