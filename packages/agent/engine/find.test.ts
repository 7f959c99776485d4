import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEngines, noEngineError } from "./find.ts";

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-find-"));
  program("a/valkey-server", "Valkey server v=99.0.1 sha=0");
  program("b/redis-server", "Redis server v=7.2.99 sha=0");
  program("c/redis-server", "Redis server v=8.2.1 sha=0");
  program("d/valkey-server", "something else");
  program("g/valkey-server", "Valkey server v=8.0.1 sha=0", "tls-port 0");
  program("h/valkey-server", "Valkey server v=8.0.1 sha=0", "larder-ends-here");
  mkdirSync(join(directory, "e"));
  symlinkSync(join(directory, "a/valkey-server"), join(directory, "e/redis-server"));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** `refuses` is the line of a configuration that it ends at. */
function program(path: string, says: string, refuses = ""): void {
  const file = join(directory, path);
  mkdirSync(join(file, ".."), { recursive: true });
  const refusal = `[ "$1" = - ] && printf "at line 1\\n>>> '${refuses}'\\nBad directive" >&2 && exit 1`;
  writeFileSync(file, `#!/bin/sh\n${refusal}\necho '${says}'\n`);
  chmodSync(file, 0o755);
}

/** What was found of the test's own programs: the machine may have engines too. */
async function findIn(...folders: string[]): Promise<string[]> {
  const searchPath = folders.map((folder) => join(directory, folder)).join(":");
  const { found } = await findEngines({ engineKind: "native", enginePath: undefined, searchPath });
  return found
    .filter((engine) => engine.path.startsWith(directory))
    .map((engine) => engine.path.slice(directory.length));
}

test("finds what runs, preferred first, and leaves out what is too new or no engine", async () => {
  expect(await findIn("b", "a", "c", "d", "nowhere")).toEqual(["/a/valkey-server", "/b/redis-server"]);
});

test("lists a program once, whatever its names", async () => {
  expect(await findIn("a", "e", "a")).toEqual(["/a/valkey-server"]);
});

test("a given program is the only native one, and must be an engine that Larder runs", async () => {
  const find = (path: string) =>
    findEngines({ engineKind: "native", enginePath: join(directory, path), searchPath: directory });
  expect((await find("b/redis-server")).found).toMatchObject([{ name: "redis", version: "7.2.99", kind: "native" }]);
  await expect(find("c/redis-server")).rejects.toThrow("is redis 8.2.1; Larder runs");
  await expect(find("d/valkey-server")).rejects.toThrow("is not a valkey-server or redis-server");
});

test("a build without TLS is told by the setting that it does not know", async () => {
  const find = (path: string) =>
    findEngines({ engineKind: "native", enginePath: join(directory, path), searchPath: directory });
  expect((await find("g/valkey-server")).found).toMatchObject([{ hasTls: false }]);
  expect((await find("h/valkey-server")).found).toMatchObject([{ hasTls: true }]);
  const installed = ["valkey-server", "redis-server"].map((name) => Bun.which(name)).filter((path) => path !== null);
  for (const enginePath of installed)
    expect((await findEngines({ engineKind: "native", enginePath, searchPath: "" })).found).toMatchObject([
      { hasTls: true },
    ]);
});

test("the embedded engine is found through a node that is no bun", async () => {
  const folder = join(directory, "f");
  mkdirSync(folder);
  symlinkSync(process.execPath, join(folder, "node"));
  const { nodePath } = await findEngines({ engineKind: "embedded", enginePath: undefined, searchPath: folder });
  expect(nodePath).not.toBe(join(folder, "node"));
});

test("each way to have no engine is one sentence", () => {
  for (const kind of ["auto", "native", "embedded"] as const) {
    const error = noEngineError(kind);
    expect(error.code).toBe("EngineNotAvailable");
    expect(error.message.endsWith(".")).toBe(true);
  }
});
