/** Shows what the cache saves: starts what is needed, reads one profile twice, prints how long each took, and cleans up. */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findOrStartCache } from "./larder.js";
import { startPostgres } from "./postgres.js";
import { seed, userCount } from "./seed.js";

const warmUpRequests = 20;

/** What is being started or runs: promises of `{ stop }`. */
const started = [];
let isInterrupted = false;

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    isInterrupted = true;
    await stopAll();
    process.exit(130);
  });
}

try {
  await demonstrate();
} catch (error) {
  if (!isInterrupted) console.error(error.message);
  process.exitCode = 1;
}
await stopAll();

async function demonstrate() {
  console.log("Starting PostgreSQL, a cache and the service …");
  const [database, cache] = await Promise.all([keep(startPostgres()), keep(findOrStartCache())]);
  await seed(database.url);
  const service = await keep(startService({ ...cache.env, DATABASE_URL: database.url }));

  // The first requests of a process also load code and open connections: those are of another user and not shown.
  const [warmUpUser, shownUser] = twoUsers();
  for (let request = 0; request < warmUpRequests; request++) await timeRequest(service.url, warmUpUser);
  const first = await timeRequest(service.url, shownUser);
  const second = await timeRequest(service.url, shownUser);

  console.log(
    `\nGET /users/${shownUser}, of ${userCount.toLocaleString("en")} users, with the cache of ${cache.from}:\n`,
  );
  printTable([first, second]);
  console.log(`\nThe second was ${Math.round(first.tookMs / second.tookMs)} times as fast.`);
}

/** Others each time, as a cache that goes on running still has those of the last hour. */
function twoUsers() {
  const first = randomInt(1, userCount);
  return [first, first + 1];
}

function printTable(requests) {
  console.log("request   answered by   took");
  const names = { miss: "database", hit: "cache", unavailable: "database" };
  for (const [index, { source, tookMs }] of requests.entries()) {
    const name = ["first", "second"][index];
    console.log(`${name.padEnd(10)}${names[source].padEnd(12)}${tookMs.toFixed(1).padStart(6)} ms`);
  }
}

async function timeRequest(url, user) {
  const startMs = performance.now();
  const response = await fetch(`${url}/users/${user}`);
  await response.json();
  if (!response.ok) throw new Error(`GET /users/${user} answered ${response.status}.`);
  return { source: response.headers.get("x-cache"), tookMs: performance.now() - startMs };
}

/** Runs server.js as its users do, in a process of its own. */
async function startService(env) {
  const path = fileURLToPath(new URL("../server.js", import.meta.url));
  const child = spawn(process.execPath, [path], {
    env: { ...process.env, ...env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  for await (const line of createInterface(child.stdout)) {
    const url = /^listening on (\S+)$/.exec(line)?.[1];
    if (url !== undefined) return { url, stop };
  }
  throw new Error("The service did not start.");
}

function keep(starting) {
  started.push(starting);
  return starting;
}

/** Newest first, also what is still starting. What failed to start has cleaned up itself. */
async function stopAll() {
  for (;;) {
    const starting = started.pop();
    if (starting === undefined) return;
    await starting.then(
      ({ stop }) => stop(),
      () => {},
    );
  }
}
