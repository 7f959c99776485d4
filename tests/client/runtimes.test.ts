/** The client package as an application gets it, on each runtime that it promises, and its types. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { denoProgram, hasDeno } from "../../scripts/install-deno.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { typeErrors } from "../fixture/consumer-types.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { type PackedClient, packClient } from "../fixture/packed-client.ts";

const setUpTimeoutMs = 120_000;
const denoOffline = ["--no-remote", "--node-modules-dir=manual"];
const deno = "Deno (installed by npm test)";

let client: PackedClient;

beforeAll(() => {
  client = packClient();
}, setUpTimeoutMs);
afterAll(() => client?.remove());

test("the package holds what is built, its licence and its README, and no tests or sources", () => {
  expect(client.files).toEqual(
    expect.arrayContaining(["package.json", "LICENSE", "README.md", "index.js", "index.d.ts"]),
  );
  expect(client.files.filter((path) => /(?<!\.d)\.ts$|\.test\.|tsconfig/.test(path))).toEqual([]);
});

const runtimes: [string, string[], boolean][] = [
  ["Node", ["node"], true],
  ["Bun", [process.execPath, "run"], true],
  [deno, [denoProgram, "run", "--allow-net", "--allow-env", "--no-prompt", ...denoOffline], hasDeno],
];

/** Whose types those of the package name. */
const typePackages = ["@azure/cosmos", "@types/mssql", "@types/node", "@types/pg"];

describe.skipIf(!hasValkey)("without optional dependencies, a program that imports every export", () => {
  let server: CacheServer;

  beforeAll(async () => {
    server = await startCacheServer();
  });
  afterAll(() => server.stop());

  for (const [name, command, isThere] of runtimes)
    test.skipIf(!isThere)(
      `on ${name}`,
      async () => {
        const used = await run([...command, "client-uses.mjs", server.url, ...client.exports]);
        expect(used).toMatchObject({ code: 0, errors: "" });
        const came = JSON.parse(used.output) as Record<string, unknown>;
        expect(Object.keys(came)).toEqual(client.exports);
        expect(came).toMatchObject({
          ".": [true, true, "OK", "välue"],
          "./cache": [true, true, true],
          "./session": ["shoe"],
          "./messaging": { shoe: 7 },
          "./database": "map names no table: nothing would be followed.",
        });
      },
      60_000,
    );
});

describe("types of an application", () => {
  beforeAll(() => {
    for (const name of typePackages) client.link(name);
  });

  test.each(["node16", "bundler"] as const)(
    "with moduleResolution %s",
    (resolution) => {
      expect(typeErrors(client.directory, "client-consumer.ts", resolution)).toEqual([]);
    },
    60_000,
  );

  test.skipIf(!hasDeno)(
    `as ${deno} sees them`,
    async () => {
      expect(await run([denoProgram, "check", ...denoOffline, "client-consumer.ts"])).toMatchObject({ code: 0 });
    },
    60_000,
  );
});

async function run(command: string[]) {
  const child = Bun.spawn(command, {
    cwd: client.directory,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 60_000,
    env: { ...process.env, DENO_DIR: join(client.directory, ".deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
  });
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, output, errors };
}
