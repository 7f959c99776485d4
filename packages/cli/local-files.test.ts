import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "./clock.ts";
import { LocalFiles, requireWritable } from "./local-files.ts";

let directory: string;
let root: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-local-"));
  root = join(directory, "root");
});
afterAll(() => rmSync(directory, { recursive: true }));

function open(): Promise<LocalFiles> {
  const file = { storageRoots: [root], pids: { agent: [1] } };
  return LocalFiles.open({ file } as unknown as Parameters<typeof LocalFiles.open>[0], 1);
}

test("a file that is behind a link is offered itself", async () => {
  writeFileSync(join(directory, "monday.rdb"), "data");
  symlinkSync("monday.rdb", join(directory, "latest.rdb"));
  const local = await open();
  const offered = new URL(await local.offer(join(directory, "latest.rdb"), 0));
  expect(readFileSync(offered, "utf8")).toBe("data");
  await local.remove();
  expect(readdirSync(root)).toEqual([]);
});

test("what has come to an export's place meanwhile is kept, unless it is to be replaced", async () => {
  const path = join(directory, "export.rdb");
  const local = await open();
  writeFileSync(new URL("export.rdb", local.url), "new");
  writeFileSync(path, "old");
  await expect(local.take("export.rdb", path, false)).rejects.toThrow("exists");
  expect(readFileSync(path, "utf8")).toBe("old");
  await local.take("export.rdb", path, true);
  expect(readFileSync(path, "utf8")).toBe("new");
  await local.remove();
});

test("what a command left that was ended by force goes a day later", async () => {
  const gone = Bun.spawnSync(["true"]).pid;
  const [forgotten, recent, used] = [`larder-${gone}-aaaaaa`, `larder-${gone}-bbbbbb`, `larder-${process.pid}-cccccc`];
  for (const name of [forgotten, recent, used, "shop"]) mkdirSync(join(root, name));
  const yesterday = systemClock.nowMs() / 1_000 - 90_000;
  for (const name of [forgotten, used, "shop"]) utimesSync(join(root, name), yesterday, yesterday);
  const local = await open();
  await local.remove();
  expect(readdirSync(root).sort()).toEqual([recent, used, "shop"].sort());
  for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
});

test("a place without a folder is refused before anything is moved", async () => {
  mkdirSync(join(directory, "there"));
  await requireWritable(join(directory, "there/shop.rdb"));
  await expect(requireWritable(join(directory, "not-there/shop.rdb"))).rejects.toThrow("ENOENT");
});

test("a signal that ends the command takes the folder with it", async () => {
  const script = `
    import { LocalFiles } from ${JSON.stringify(join(import.meta.dirname, "local-files.ts"))};
    await LocalFiles.open({ file: { storageRoots: [${JSON.stringify(root)}], pids: { agent: [1] } } }, 1);
    process.stdout.write("open");
    setInterval(() => {}, 1000);`;
  const command = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "ignore" });
  await command.stdout.getReader().read();
  expect(readdirSync(root)).toHaveLength(1);
  command.kill("SIGTERM");
  expect(await command.exited).toBe(143);
  expect(readdirSync(root)).toEqual([]);
});
