import { expect, test } from "bun:test";
import { parseCsv } from "./load.ts";

const header =
  '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"';

test("the last line counts, by the names of the first", () => {
  const output = `${header}\n"GET","152671.77","0.209","0.040","0.199","0.295","0.535","3.407"\n`;
  expect(parseCsv(output)).toEqual({ requestsPerSecond: 152671.77, p50Ms: 0.199, p99Ms: 0.535 });
});

test("output without figures is an error that shows it", () => {
  expect(() => parseCsv("Error from server: NOAUTH")).toThrow("NOAUTH");
  expect(() => parseCsv(`${header}\n`)).toThrow("printed no");
});
