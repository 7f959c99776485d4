/**
 * The HTTP service.
 *
 *   GET /users/:id   the profile; the header `x-cache` says where it came from: hit, miss or unavailable
 *   PUT /users/:id   `{ "name", "email" }` replaces both
 *
 * Environment: DATABASE_URL, REDIS_URL (rediss://:KEY@HOST:PORT), and PORT (8080). A certificate authority of one's own,
 * as Larder's, goes into NODE_EXTRA_CA_CERTS.
 */
import { createServer } from "node:http";
import pg from "pg";
import { createClient } from "redis";
import { Profiles, within } from "./profiles.js";

const bodyBytesMax = 16 * 1024;
const cacheConnectTimeoutMs = 2_000;

const log = (message, error) => console.error(JSON.stringify({ message, error: String(error?.message ?? error) }));

const database = new pg.Pool({ connectionString: required("DATABASE_URL") });
database.on("error", (error) => log("a database connection was lost", error));

// Without an offline queue, commands fail at once while the cache is away, instead of waiting until it is back.
const cache = createClient({ url: required("REDIS_URL"), disableOfflineQueue: true });
cache.on("error", (error) => log("the cache connection was lost", error));

const profiles = new Profiles({ database, cache, log });

const server = createServer((request, response) => {
  handle(request).then(
    ({ status, headers, body }) => {
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    },
    (error) => {
      log("a request failed", error);
      response.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify({ error: "internal error" }));
    },
  );
});

async function handle(request) {
  const id = Number(/^\/users\/([1-9]\d{0,8})$/.exec(request.url)?.[1]);
  if (Number.isNaN(id)) return { status: 404, body: { error: "no such path" } };
  if (request.method === "GET") return getUser(id);
  if (request.method === "PUT") return putUser(id, await readJson(request));
  return { status: 405, headers: { allow: "GET, PUT" }, body: { error: "only GET and PUT" } };
}

async function getUser(id) {
  const { profile, source } = await profiles.read(id);
  const headers = { "x-cache": source };
  if (profile === null) return { status: 404, headers, body: { error: "no such user" } };
  return { status: 200, headers, body: profile };
}

async function putUser(id, user) {
  if (typeof user?.name !== "string" || typeof user.email !== "string")
    return { status: 400, body: { error: "name and email must be strings" } };
  if (!(await profiles.update(id, user))) return { status: 404, body: { error: "no such user" } };
  return { status: 200, body: { id, name: user.name, email: user.email } };
}

/** The parsed body, or undefined when it is too large or not JSON. */
async function readJson(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > bodyBytesMax) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function required(name) {
  const value = process.env[name];
  if (value) return value;
  console.error(`${name} is not set.`);
  process.exit(78);
}

async function stop() {
  server.close();
  server.closeAllConnections();
  cache.destroy();
  await database.end();
  process.exit(0);
}

process.once("SIGINT", stop);
process.once("SIGTERM", stop);

// The service works without the cache, so it waits for it only a little. The client goes on trying by itself.
await within(cacheConnectTimeoutMs, cache.connect()).catch((error) => log("the cache does not answer", error));
server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
