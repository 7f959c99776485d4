import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandomness } from "@larder/service";
import { codeOf, contentOf, describeStorage, inChunks, read } from "../storage-contract.ts";
import { DirectoryStorage } from "./directory-storage.ts";

let root = "";
function withRoot(): void {
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "larder-storage-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
}

describeStorage("directory", async () => {
  const own = mkdtempSync(join(tmpdir(), "larder-storage-"));
  const directory = join(own, "not/there/yet");
  return {
    storage: open(directory, own),
    partBytes: 300_000,
    putForeign: async (name, bytes) => {
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, name), bytes);
    },
    spoil: async (name, bytes) => writeFileSync(join(directory, name), bytes),
    leftovers: async () =>
      readdirSync(own, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !["dump.rdb", "dump.rdb.sha256"].includes(entry.name))
        .map((entry) => entry.name),
    remove: async () => rmSync(own, { recursive: true }),
  };
});

describe("directory: places", () => {
  withRoot();

  test("nothing outside the roots is reached, by no name and no link", async () => {
    const outside = mkdtempSync(join(tmpdir(), "larder-outside-"));
    writeFileSync(join(outside, "secret.rdb"), "secret");
    try {
      mkdirSync(join(root, "inside"));
      symlinkSync(outside, join(root, "inside/link"));
      symlinkSync(join(outside, "secret.rdb"), join(root, "inside/file.rdb"));
      const inside = open(join(root, "inside"));
      expect(await codeOf(read(inside, "link/secret.rdb"))).toBe("NotAllowed");
      expect(await codeOf(inside.put("link/new.rdb", inChunks(Buffer.from("x"), 1)))).toBe("NotAllowed");
      expect(await codeOf(inside.put("link/deep/new.rdb", inChunks(Buffer.from("x"), 1)))).toBe("NotAllowed");
      expect(await codeOf(inside.remove("link/secret.rdb"))).toBe("NotAllowed");
      expect(await codeOf(read(inside, "file.rdb"))).toBe("NotAllowed");
      expect(await Array.fromAsync(inside.list(""))).toEqual([]);
      for (const place of [outside, join(root, "inside/link"), join(root, "..", outside), "relative"])
        expect(await codeOf(open(place).put("new.rdb", inChunks(Buffer.from("x"), 1)))).toBe("NotAllowed");
      expect(readdirSync(outside)).toEqual(["secret.rdb"]);
    } finally {
      rmSync(outside, { recursive: true });
    }
  });

  test("a link that stays beneath a root is followed", async () => {
    mkdirSync(join(root, "real"));
    symlinkSync(join(root, "real"), join(root, "link"));
    await open(join(root, "link")).put("dump.rdb", inChunks(Buffer.from("x"), 1));
    expect(existsSync(join(root, "real/dump.rdb"))).toBe(true);
  });

  test("a pipe and a folder are no files", async () => {
    spawnSync("mkfifo", [join(root, "pipe.rdb")]);
    mkdirSync(join(root, "folder.rdb"));
    const storage = open(root);
    for (const name of ["pipe.rdb", "folder.rdb"]) {
      expect(await codeOf(read(storage, name))).toBe("NotFound");
      expect(await storage.stat(name)).toBeNull();
    }
    expect(await Array.fromAsync(storage.list(""))).toEqual([]);
  });
});

describe("directory: files", () => {
  withRoot();

  test("the checksum is one that sha256sum checks", async () => {
    await open(root).put("a/dump.rdb", inChunks(contentOf(1000), 100));
    const checked = spawnSync("sha256sum", ["-c", "dump.rdb.sha256"], { cwd: join(root, "a"), encoding: "utf8" });
    expect(checked.stdout).toBe("dump.rdb: OK\n");
  });

  test("a put removes what a crash left behind a day ago, and nothing else", async () => {
    for (const name of [".old.rdb.0123.part", ".new.rdb.0123.part", ".hidden"]) writeFileSync(join(root, name), "x");
    const dayBefore = systemClock.nowMs() / 1000 - 90_000;
    for (const name of [".old.rdb.0123.part", ".hidden"]) utimesSync(join(root, name), dayBefore, dayBefore);
    await open(root).put("dump.rdb", inChunks(Buffer.from("x"), 1));
    expect(readdirSync(root).toSorted()).toEqual([".hidden", ".new.rdb.0123.part", "dump.rdb", "dump.rdb.sha256"]);
  });

  test("a file that becomes shorter while it is read is not taken for whole", async () => {
    const storage = open(root);
    await storage.put("dump.rdb", inChunks(contentOf(2_000_000), 65_536));
    const reading = async () => {
      for await (const _ of storage.get("dump.rdb")) writeFileSync(join(root, "dump.rdb"), "short");
    };
    const error = await reading().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "Changed", file: "dump.rdb" });
  });
});

function open(directory: string, allowed = root): DirectoryStorage {
  return new DirectoryStorage({ directory, roots: [allowed], clock: systemClock, randomness: systemRandomness });
}
