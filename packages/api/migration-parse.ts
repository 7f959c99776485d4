/**
 * Untrusted bodies of what has to do with another server → tasks of transfers.
 *
 *   POST …/redis/{name}/migrate    {source, method?, cutOver?, filter?, pauseSource?, pace?}
 *   POST …/redis/{name}/reverse    {target}
 *   POST …/redis/{name}/compare    {with, sample?, filter?}, where `with` is a server or the location of a file
 *
 * A server is {addresses: [{host, port}], topology?, sentinelName?, sentinelPassword?, username?, password?, tls?}, where `tls` is
 * true or {ca?, serverName?, client?: {certificate, key}, isVerified?}.
 */
import { z } from "zod";
import { choice, parseBody, wholeNumber } from "./body-values.ts";
import { LarderError } from "./errors.ts";
import { sasProblem } from "./sas-rules.ts";
import { storageLocation } from "./storage-location-parse.ts";
import { keyFilter, type TransferAsked } from "./transfer-parse.ts";
import type { RemoteServer, RemoteTls, StreamPlace, TransferId } from "./transfer-protocol.ts";

/** Of one server. */
const addressesMax = 50;
const pemLengthMax = 64 * 1024;
/** Slower than that no source waits for a copy. */
const paceMin = 64 * 1024;
const defaultPort = 6_379;

const name = z.string("must be a string").min(1, "must not be empty").max(253);
const secret = z.string("must be a string").max(4_096);
const pem = z.string("must be a string").max(pemLengthMax).includes("-----BEGIN ", { message: "must be PEM" });
const flag = z.boolean("must be true or false");

const address = z.object(
  {
    host: name.regex(/^[\w.:-]+$/, "must be the name or the IP address of a host"),
    port: wholeNumber.pipe(z.int().min(1, "must be a port").max(65_535, "must be a port")).default(defaultPort),
  },
  "must have 'host' and 'port'",
);

const tls = z
  .union([
    flag.transform((is): RemoteTls | null =>
      is ? { ca: null, serverName: null, client: null, isVerified: true } : null,
    ),
    z.object({
      ca: pem.nullable().default(null),
      serverName: name.nullable().default(null),
      client: z.object({ certificate: pem, key: pem }).nullable().default(null),
      isVerified: flag.default(true),
    }),
  ])
  .default(null);

const remoteServer = z
  .object(
    {
      topology: choice(["auto", "standalone", "sentinel", "cluster"]).default("auto"),
      addresses: z
        .array(address, "must be a list of addresses")
        .min(1, "must have at least one")
        .max(addressesMax, `must have at most ${addressesMax}`),
      sentinelName: name.nullable().default(null),
      sentinelPassword: secret.nullable().default(null),
      username: name.nullable().default(null),
      password: secret.nullable().default(null),
      tls,
    },
    "must be a server",
  )
  .refine(({ topology, sentinelName }) => topology !== "sentinel" || sentinelName !== null, {
    path: ["sentinelName"],
    message: "must say what the Sentinels call the primary",
  })
  .refine(({ username, password }) => username === null || password !== null, {
    path: ["password"],
    message: "must be given with a user name",
  });

const migrateBody = z.object({
  source: remoteServer,
  method: choice(["auto", "replication", "scan"]).default("auto"),
  cutOver: choice(["auto", "manual"]).default("auto"),
  pauseSource: flag.default(false),
  pace: z
    .union(
      [choice(["auto", "full"]), z.int().min(paceMin)],
      `must be "auto", "full" or bytes a second, at least ${paceMin}`,
    )
    .default("auto"),
  filter: keyFilter,
});

const reverseBody = z.object({ target: remoteServer, filter: keyFilter });

const sampled = {
  sample: wholeNumber.pipe(z.int().min(1, "must be 1 or more")).nullable().default(null),
  filter: keyFilter,
};
const compareServerBody = z.object({ ...sampled, with: remoteServer });
const compareFileBody = z.object({ ...sampled, with: storageLocation });

/** Throws InvalidRequestBody or InvalidParameter with its target. */
export function parseMigrate(body: unknown): TransferAsked<"migrate"> & { cutOver: "auto" | "manual" } {
  const { source, method, cutOver, pauseSource, pace, filter } = parseBody(migrateBody, body) as z.infer<
    typeof migrateBody
  >;
  if (filter.types.length > 0 && method === "replication")
    throw new LarderError("InvalidParameter", "A stream of changes has no types: with types the method is 'scan'.", {
      target: "filter.types",
    });
  const task = { kind: "migrate", source, method, isPaused: false, pausesSource: pauseSource, pace } as const;
  return { task, filter, cutOver };
}

/** `migration`: and where it left the cache's own changes to begin. Throws as `parseMigrate`. */
export function parseReverse(
  body: unknown,
  { migrationId, from }: { migrationId: TransferId; from: StreamPlace },
): TransferAsked<"reverse"> {
  const { target, filter } = parseBody(reverseBody, body) as z.infer<typeof reverseBody>;
  if (filter.types.length > 0)
    throw new LarderError("InvalidParameter", "A way back cannot choose types: a stream of changes has none.", {
      target: "filter.types",
    });
  return { task: { kind: "reverse", target, migrationId, from, isPaused: false }, filter };
}

/** Throws as `parseMigrate`. */
export function parseCompare(body: unknown, nowMs: number): TransferAsked<"compare"> {
  const schema = isServer(body) ? compareServerBody : compareFileBody;
  const {
    with: other,
    sample,
    filter,
  } = parseBody(schema, body) as z.infer<typeof compareServerBody | typeof compareFileBody>;
  const problem = "url" in other ? sasProblem(other.url, "read", nowMs) : undefined;
  if (problem !== undefined) throw new LarderError("InvalidParameter", `'with' ${problem}.`, { target: "with" });
  return { task: { kind: "compare", with: other satisfies RemoteServer | { url: string }, sample }, filter };
}

function isServer(body: unknown): boolean {
  const other = (body as { with?: unknown } | null)?.with;
  return typeof other === "object" && other !== null && "addresses" in other;
}
