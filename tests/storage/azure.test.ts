import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ContainerClient } from "@azure/storage-blob";
import type { StorageLocation } from "@larder/api";
import { systemClock, systemRandomness } from "@larder/service";
import { openFile, openFolder, type Storage, type StorageContext, type StorageLimits } from "@larder/storage";
import { codeOf, contentOf, describeStorage, inChunks, read } from "../../packages/storage/storage-contract.ts";
import { type Azurite, startAzurite } from "../fixture/azurite.ts";
import { describeTroubles } from "./remote-troubles.ts";

const partBytes = 20_000;
const hourMs = 3_600_000;
let azurite: Azurite;
let containers = 0;

beforeAll(async () => {
  azurite = await startAzurite();
}, 30_000);
afterAll(() => azurite?.stop());

describeStorage("Azure", async () => {
  const container = await newContainer();
  const url = `azure://${container.containerName}/some folder`;
  return {
    storage: open(byKey(url), { partBytes }),
    partBytes,
    putForeign: async (name, bytes) => {
      await container.getBlockBlobClient(`some folder/${name}`).upload(bytes, bytes.byteLength);
    },
    spoil: async (name, bytes) => {
      const blob = container.getBlockBlobClient(`some folder/${name}`);
      const { metadata = {} } = await blob.getProperties();
      await blob.upload(bytes, bytes.byteLength, { metadata });
    },
    // Blocks of no file are not listed, and nothing else can be left.
    leftovers: async () => {
      const blobs = await Array.fromAsync(container.listBlobsFlat());
      return blobs.map((blob) => blob.name).filter((name) => name !== "some folder/dump.rdb");
    },
    remove: async () => {},
  };
});

describeTroubles("Azure", () => ({
  origin: azurite.origin,
  open: async (origin, limits) => {
    const { containerName } = await newContainer();
    const storage = open(sasUrl({ container: containerName, origin }), limits);
    return { storage, uploads: async () => [] };
  },
  lines: {
    put: /^PUT [^?]*\.rdb\?(?!.*comp=)/,
    part: /^PUT .*comp=block&/,
    complete: /^PUT .*comp=blocklist/,
    get: /^GET [^?]*\.rdb\?/,
    stat: /^HEAD /,
    list: /^GET .*comp=list/,
    remove: /^DELETE /,
  },
  secrets: () => [azurite.accountKey, "Signature"],
  full: {
    status: 403,
    headers: { "x-ms-error-code": "AccountCapacityExceeded", "content-type": "application/xml" },
    body: "<Error><Code>AccountCapacityExceeded</Code><Message>No.</Message></Error>",
  },
}));

describe("Azure: shared access signatures", () => {
  test("one of a file opens that file, and no other", async () => {
    const container = await newContainer();
    await container.getBlockBlobClient("folder/dump.rdb").upload("REDIS0011", 9);
    const file = sasUrl({ container: container.containerName, file: "folder/dump.rdb" });
    const { storage, name } = openFile(file, context());
    expect(name).toBe("dump.rdb");
    expect((await read(storage, name)).toString()).toBe("REDIS0011");
    expect(await codeOf(read(storage, "other.rdb"))).toBe("Forbidden");
    await storage.put(name, inChunks(Buffer.from("new"), 3));
    expect((await read(storage, name)).toString()).toBe("new");
    expect(() => open(file)).toThrow("the signature is for one file");
  });

  test("one that is over is told from one that does not allow it", async () => {
    const { containerName } = await newContainer();
    const expiresOn = new Date(systemClock.nowMs() - 60_000);
    const expired = open(sasUrl({ container: containerName, expiresOn }));
    expect(await codeOf(expired.stat("dump.rdb"))).toBe("SasExpired");
    expect(await codeOf(expired.put("dump.rdb", inChunks(Buffer.from("x"), 1)))).toBe("SasExpired");
    const readOnly = open(sasUrl({ container: containerName, permissions: "rl" }));
    expect(await codeOf(readOnly.put("dump.rdb", inChunks(Buffer.from("x"), 1)))).toBe("Forbidden");
    expect(await readOnly.stat("dump.rdb")).toBeNull();
  });
});

test("a container that does not exist is an error, not an empty one", async () => {
  const storage = open(byKey("azure://not-there"));
  const calls = [storage.stat("dump.rdb"), read(storage, "dump.rdb"), Array.fromAsync(storage.list(""))];
  expect(await Promise.all(calls.map(codeOf))).toEqual(["NotFound", "NotFound", "NotFound"]);
});

test("a page blob is read with the zero bytes at its end", async () => {
  const container = await newContainer();
  const content = Buffer.concat([contentOf(700), Buffer.alloc(324)]);
  const blob = container.getPageBlobClient("pages.rdb");
  await blob.create(content.length);
  await blob.uploadPages(content, 0, content.length);
  const storage = open(sasUrl({ container: container.containerName }));
  expect(content.equals(await read(storage, "pages.rdb"))).toBe(true);
});

function open(location: StorageLocation, limits: Partial<StorageLimits> = {}): Storage {
  return openFolder(location, context(limits));
}

function context(limits: Partial<StorageLimits> = {}): StorageContext {
  const quick = { pauseMs: { firstMs: 1, maxMs: 10 }, ...limits };
  return { clock: systemClock, randomness: systemRandomness, storageRoots: [], limits: quick };
}

function byKey(url: string): StorageLocation {
  return { url, credentials: { kind: "azure", connectionString: azurite.connectionString() } };
}

function sasUrl(to: {
  container: string;
  file?: string;
  permissions?: string;
  expiresOn?: Date;
  origin?: string;
}): StorageLocation {
  const { container, file, permissions = "racwdl", origin = azurite.origin } = to;
  const expiresOn = to.expiresOn ?? new Date(systemClock.nowMs() + 2 * hourMs);
  const startsOn = new Date(expiresOn.getTime() - 4 * hourMs);
  const allowed = file === undefined ? permissions : permissions.replace("l", "");
  const sas = azurite.sas({ container, ...(file && { file }), permissions: allowed, startsOn, expiresOn });
  const path = [container, file].filter(Boolean).join("/");
  return { url: `${origin}/devstoreaccount1/${path}?${sas}`, credentials: null };
}

function newContainer(): Promise<ContainerClient> {
  return azurite.createContainer(`backups-${containers++}`);
}
