import { describe, expect, test } from "bun:test";
import { parseSuiteOutput } from "./suite-output.ts";

const closing = "\n                   The End\n\n*** [err]: SETNX target key missing in tests/unit/type/string.tcl\n";

describe("what the suite prints", () => {
  test("counts passes and failures of each name, and keeps the first failure's words", () => {
    const { tests, isDone, trouble } = parseSuiteOutput(`Starting test server at port 21079
[ready]: 4711
Testing unit/type/string
[ok]: SET and GET an item (3 ms)
[ok]: SET and GET an item (4 ms)
[ignore]: large memory flag not provided
[err]: SETNX target key missing in tests/unit/type/string.tcl
Expected '0' to be equal to '1' (context: type eval
 line 2)
[err]: SETNX target key missing in tests/unit/type/string.tcl
unknown command
ERR unknown command
    while executing
"[srv $level "client"] {*}$args"
[1/1 done]: unit/type/string (3 seconds)
${closing}`);
    expect(Object.fromEntries(tests)).toEqual({
      "SET and GET an item": { passed: 2, failed: 0, detail: "" },
      "SETNX target key missing": {
        passed: 0,
        failed: 2,
        detail: "Expected '0' to be equal to '1' (context: type eval\n line 2)",
      },
    });
    expect({ isDone, trouble }).toEqual({ isDone: true, trouble: [] });
  });

  test("an error that the suite cut at the front is shown once, whole", () => {
    const { tests } = parseSuiteOutput(
      '[err]: a test in tests/unit/x.tcl\nn command\nERR unknown command\n    while executing\n"r sync"\n',
    );
    expect(tests.get("a test")?.detail).toBe("ERR unknown command");
  });

  test("a failure outside of any test, and an exception, are trouble", () => {
    const { tests, isDone, trouble } = parseSuiteOutput(
      "[err]: n command\nERR unknown command\n    while executing\n[exception]: Executing test client: I/O error.\n",
    );
    expect({ tests: tests.size, isDone, trouble }).toEqual({
      tests: 0,
      isDone: false,
      trouble: ["ERR unknown command", "Executing test client: I/O error."],
    });
  });

  test("names the test that hung, or after which it hung", () => {
    const hung = (state: string) =>
      parseSuiteOutput(`[TIMEOUT]: clients state report follows.\nsock5 => ${state}\n`).hung;
    expect(hung("(IN PROGRESS) BLPOP")).toEqual({ where: "in", name: "BLPOP" });
    expect(hung("(OK) BLPOP")).toEqual({ where: "after", name: "BLPOP" });
    expect(hung("ASSIGNED: sock5 (unit/multi)")).toEqual({ where: "after", name: "" });
  });
});
