/** How long after a committed change of a row in PostgreSQL a cache that follows it still gives the old value. */
import { startPostgres } from "../../tests/fixture/postgres.ts";
import { quantile } from "../quantile.ts";
import { atMost } from "./client-goals.ts";
import { NodeProgram } from "./node-program.ts";
import type { Part } from "./part.ts";
import type { Watched } from "./several-processes.ts";

const pauseMs = 20;

export const followedDatabase: Part = async ({ url, isQuick, signal }) => {
  const writes = isQuick ? 100 : 500;
  const postgres = await startPostgres();
  try {
    await postgres.query("CREATE TABLE products (id integer PRIMARY KEY, price integer NOT NULL)");
    await postgres.query("INSERT INTO products VALUES (1, 0)");
    await using follower = new NodeProgram("database-follower.mjs", [url, JSON.stringify(postgres.connection)]);
    await follower.ask("start");
    const prices = Array.from({ length: writes }, (_, index) => index + 1);
    const watched = follower.ask<Watched>("watch", { id: 1, prices, forMs: 60_000 });
    const committedMs: number[] = [];
    for (const price of prices) {
      signal.throwIfAborted();
      await Bun.sleep(pauseMs);
      await postgres.query("UPDATE products SET price = $1 WHERE id = 1", [price]);
      committedMs.push(performance.timeOrigin + performance.now());
    }
    const { seenMs, olderMs } = await watched;
    const delaysMs = olderMs.map((ms, index) =>
      seenMs[index] === null ? Number.POSITIVE_INFINITY : Math.max(0, (ms ?? 0) - (committedMs[index] ?? 0)),
    );
    const [p50, p99] = [quantile(delaysMs, 0.5), quantile(delaysMs, 0.99)];
    const what = "after a committed change in PostgreSQL the old value is read for";
    return {
      figures: [
        { what: `${what}, p50`, contender: "larder", value: Number(p50.toFixed(2)), unit: "ms" },
        { what: `${what}, p99`, contender: "larder", value: Number(p99.toFixed(2)), unit: "ms" },
      ],
      goals: [atMost("staleness", "after a committed change in PostgreSQL, p99", p99, [50, "ms"])],
    };
  } finally {
    await postgres.stop();
  }
};
