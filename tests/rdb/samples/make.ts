/**
 * Makes a sample file with an engine that the machine of the tests need not have:
 *
 *   bun tests/rdb/samples/make.ts NAME PROGRAM [cluster]
 *
 * writes NAME.rdb beside this file. The bounds are low, so that a few hundred bytes have every encoding that the engine
 * writes; what it does not know is left out.
 */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { RdbEngine, type Words } from "../../fixture/rdb-engines.ts";
import { until } from "../../fixture/until.ts";

const long = "longer than the bound of twenty bytes";
const range = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const pairs = (count: number) => range(count, (index) => `f${index}`).flatMap((field) => [field, `v-${field}`]);
const scored = (count: number) => range(count, String).flatMap((number) => [`${number}.5`, `m${number}`]);

const bounds = ["list", "set", "hash", "zset"].flatMap((kind): Words[] =>
  ["ziplist", "listpack"].flatMap((form): Words[] => [
    ["CONFIG", "SET", `${kind}-max-${form}-entries`, "3"],
    ["CONFIG", "SET", `${kind}-max-${form}-value`, "20"],
    ["CONFIG", "SET", `${kind}-max-${form}-size`, "2"],
  ]),
);

const values: readonly Words[] = [
  ["SET", "int8", "-7"],
  ["SET", "int16", "-3000"],
  ["SET", "int32", "2000000000"],
  ["SET", "plain", "text"],
  ["SET", "compressed", "x".repeat(300)],
  ["SET", "expires", "v", "PX", "100000000000000"],
  ["RPUSH", "list", "a", "b", "c", "d", "e"],
  ["SADD", "integers", "1", "2", "70000"],
  ["SADD", "set small", "a", "b"],
  ["SADD", "set", "a", "b", "c", "d"],
  ["ZADD", "zset small", ...scored(2)],
  ["ZADD", "zset", ...scored(4), "inf", "most"],
  ["HSET", "hash small", ...pairs(2)],
  ["HSET", "hash", ...pairs(4), "f", long],
  ["HSET", "timed small", ...pairs(2)],
  ["HPEXPIREAT", "timed small", "4000000000000", "FIELDS", "1", "f1"],
  ["HSET", "timed", ...pairs(4)],
  ["HPEXPIREAT", "timed", "4000000000000", "FIELDS", "2", "f1", "f2"],
  ...[0, 1, 2].map((index): Words => ["XADD", "stream", `${index + 1}-1`, "field", `value ${index}`]),
  ["XGROUP", "CREATE", "stream", "group", "0"],
  ["XREADGROUP", "GROUP", "group", "consumer", "COUNT", "2", "STREAMS", "stream", ">"],
  ["XDEL", "stream", "2-1"],
  ["FUNCTION", "LOAD", "#!lua name=numbers\nredis.register_function('seven', function() return 7 end)"],
  ["SELECT", "3"],
  ["SET", "elsewhere", "v"],
] as readonly Words[];

const [name, program, mode] = process.argv.slice(2);
if (name === undefined || program === undefined)
  throw new Error("bun tests/rdb/samples/make.ts NAME PROGRAM [cluster]");
const args = mode === "cluster" ? ["--cluster-enabled", "yes"] : [];
const engine = await RdbEngine.start({ title: name, program, hasFiles: true, args });
if (mode === "cluster") {
  await engine.run([["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]]);
  await until("the cluster is up", async () =>
    String(await engine.ask("CLUSTER", "INFO")).includes("cluster_state:ok"),
  );
}
await engine.askEach([...bounds, ...(mode === "cluster" ? values.slice(0, 6) : values)]);
await engine.run([["SAVE"]]);
copyFileSync(join(engine.directory, "dump.rdb"), join(import.meta.dir, `${name}.rdb`));
await engine.stop();
