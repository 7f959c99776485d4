/** A process that misses one key a thousand times at once, when it is told to, and says what it got. The load takes a while. */
import { createCache } from "../../packages/client/cache/index.ts";
import { connect } from "../../packages/client/index.ts";
import { until } from "../fixture/until.ts";

const server = connect(process.argv[2] ?? "");
const cache = createCache({ server, namespace: "misses", serverTimeout: "10s" });
await cache.get("warm");
await server.main.ask(["INCR", "ready"]);
await until("it may go", async () => (await server.main.ask(["GET", "go"])) === "1");
const load = async () => {
  const count = await server.main.ask(["INCR", "loads"]);
  await Bun.sleep(100);
  return `loaded by ${count}`;
};
const values = await Promise.all(Array.from({ length: 1_000 }, () => cache.getOrLoad("key", load)));
process.stdout.write(`${values.length} times ${[...new Set(values)].join(" and ")}\n`);
cache.close();
server.close();
