/**
 * Only the demo's database, for trying the service by hand: prints its URL as one line of JSON and keeps it until
 * Ctrl-C, SIGTERM or the end of standard input.
 */
import { startPostgres } from "./postgres.js";
import { seed } from "./seed.js";

const starting = startPostgres();

async function stop(status) {
  const database = await starting;
  await database.stop();
  process.exit(status);
}

process.once("SIGINT", () => stop(0));
process.once("SIGTERM", () => stop(0));
process.stdin.once("end", () => stop(0)).resume();

const { url } = await starting;
try {
  await seed(url);
  console.log(JSON.stringify({ databaseUrl: url }));
} catch (error) {
  console.error(error.message);
  await stop(1);
}
