/** The commands that operate a cache, against a whole service. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type CacheEvent, errorTable, type RedisResource, type ScheduleEntry } from "@larder/api";
import { runCommand } from "./fixture/command-run.ts";
import { hasNativeEngine } from "./fixture/native-engine.ts";
import { larderPath, startService, type TestService } from "./fixture/service.ts";
import { until } from "./fixture/until.ts";

setDefaultTimeout(30_000);

let service: TestService;

beforeAll(async () => {
  service = await startService({ quickstart: true });
});

afterAll(() => service.stop());

const larder = (...args: string[]) => runCommand([larderPath, ...args], { dataDir: service.dataDir });

async function larderJson<T>(...args: string[]): Promise<T> {
  const { exit, stdout, stderr } = await larder(...args, "--json");
  expect(stderr).toBe("");
  expect(exit).toBe(0);
  return JSON.parse(stdout) as T;
}

test("a flush asks for a word, removes all keys of all databases, and is in the history", async () => {
  await larder("console", "quickstart", "SET", "key", "value");
  const refused = await larder("flush", "quickstart");
  expect(refused).toMatchObject({ exit: 64, stdout: "" });
  expect(await larder("console", "quickstart", "GET", "key")).toMatchObject({ stdout: "value\n" });
  expect((await larder("flush", "quickstart", "--yes")).stdout).toMatch(/^Flushed quickstart in \d/);
  expect(await larder("console", "quickstart", "DBSIZE")).toMatchObject({ stdout: "0\n" });

  const events = await larderJson<CacheEvent[]>("events", "quickstart", "--number", "1");
  expect(events).toMatchObject([{ kind: "flush", cause: "asked for", text: "All keys were removed" }]);
  const { stdout } = await larder("events", "quickstart");
  expect(stdout).toMatch(/^TIME +KIND +CAUSE +WHAT +DURATION +HOLD\n/);
  expect(stdout).toMatch(/\d\d\d\d-\d\d-\d\d \d\d:\d\d:\d\d {2}flush +asked for +All keys were removed +\d+ ms +-\n/);
});

test("events are followed", async () => {
  const env = { ...process.env, LARDER_DATA_DIR: service.dataDir };
  const child = spawn(larderPath, ["events", "quickstart", "--follow", "--json", "--number", "1"], { env });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextEvent = async () => JSON.parse((await lines.next()).value as string) as CacheEvent;
  const before = await nextEvent();
  await larder("flush", "quickstart", "--yes");
  expect(await nextEvent()).toMatchObject({ kind: "flush", number: before.number + 1 });
  child.kill();
});

test("a schedule is set, shown and cleared", async () => {
  expect((await larder("schedule", "quickstart")).stdout).toContain("at any time");
  const set = await larder("schedule", "quickstart", "--add", "Sunday 02:00 5h", "everyday 23 8h");
  expect(set.stdout).toBe("DAY       FROM (UTC)  FOR\nSunday    02:00       5h\nEveryday  23:00       8h\n");
  expect(await larderJson<ScheduleEntry[]>("schedule", "quickstart")).toHaveLength(2);
  expect(await larder("schedule", "quickstart", "--add", "Someday 2")).toMatchObject({
    exit: errorTable.InvalidParameter.exit,
    stderr: expect.stringContaining('"Someday 2" is no window'),
  });
  expect((await larder("schedule", "quickstart", "--add", "Sunday 2 1h")).stderr).toContain("from PT5H to PT24H");
  expect(await larderJson<ScheduleEntry[]>("schedule", "quickstart", "--clear")).toEqual([]);
});

test("a cache that has the newest engine has no update before it", async () => {
  expect((await larder("updates")).stdout).toBe("Every cache has the newest engine that the hosts have.\n");
  expect((await larder("updates", "list", "--all")).stdout).toMatch(/\nquickstart +\S+ \S+ .* up to date\n$/);
  const started = await larder("updates", "start", "quickstart");
  expect(started).toMatchObject({ exit: errorTable.Conflict.exit, stdout: "" });
  expect(started.stderr).toContain("has the newest engine");
  expect((await larder("updates", "pause", "quickstart")).exit).toBe(0);
  expect((await larder("updates", "resume", "quickstart")).exit).toBe(0);
});

describe.skipIf(!hasNativeEngine)("a cache with a replica", () => {
  interface Outcome {
    done: boolean;
    events: CacheEvent[];
  }
  /** Without attempts that were called off, as may happen on a busy machine. */
  const kinds = ({ events }: Outcome) => events.map(({ kind }) => kind).filter((kind) => kind !== "problem");

  beforeAll(async () => {
    await larderJson("create", "pages", "--sku", "Standard_C0");
    await larder("console", "pages", "SET", "key", "value");
  });

  test("changes its primary and keeps its data, as the history says", async () => {
    const outcome = await larderJson<Outcome>("switchover", "pages");
    expect(outcome.done).toBe(true);
    expect(kinds(outcome)).toEqual(["switchover"]);
    expect(outcome.events[0]).toMatchObject({ durationMs: expect.any(Number), holdMs: expect.any(Number) });
    expect(await larder("console", "pages", "GET", "key")).toMatchObject({ stdout: "value\n" });
  });

  test("reboots its primary once a replica has taken over, and then the replica", async () => {
    expect(kinds(await larderJson<Outcome>("reboot", "pages"))).toEqual(["reboot", "switchover", "reboot"]);
    expect(kinds(await larderJson<Outcome>("reboot", "pages", "--replica"))).toEqual(["reboot", "reboot"]);
    expect(await larder("console", "pages", "GET", "key")).toMatchObject({ stdout: "value\n" });
    const begun = await larderJson<Outcome>("reboot", "pages", "--no-wait");
    expect(begun.done).toBe(false);
    expect(kinds(begun)[0]).toBe("reboot");
  });

  test("has all of its nodes rebooted, which needs a word", async () => {
    await until("the reboot before is over", async () => {
      const { properties } = await larderJson<RedisResource>("show", "pages");
      return properties.larder.underWay === null;
    });
    expect((await larder("reboot", "pages", "--all")).stderr).toContain("needs your word");
    const outcome = await larderJson<Outcome>("reboot", "pages", "--all", "--yes");
    expect(kinds(outcome).filter((kind) => kind === "reboot")).toHaveLength(3);
  });
});

describe("what cannot be", () => {
  test.each([
    [["switchover", "quickstart"], errorTable.InvalidParameter.exit, "'quickstart' has no replica that could"],
    [["reboot", "quickstart", "--replica"], errorTable.InvalidParameter.exit, "'quickstart' has no replica."],
    [["reboot", "quickstart", "--replica", "--all"], errorTable.InvalidParameter.exit, "--replica and --all exclude"],
    [["reboot", "quickstart"], 64, "Rebooting quickstart needs your word"],
    [["events", "nobody"], errorTable.ResourceNotFound.exit, "There is no cache named nobody."],
    [["events", "quickstart", "--number", "0"], 64, "option '-n, --number <count>' argument '0' is invalid."],
  ])("%p", async (args, exit, message) => {
    const ran = await larder(...args);
    expect(ran).toMatchObject({ exit, stdout: "" });
    expect(ran.stderr).toStartWith(`larder: ${message}`);
  });
});
