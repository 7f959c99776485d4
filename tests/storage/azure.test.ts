import { afterAll, beforeAll } from "bun:test";
import type { ContainerClient } from "@azure/storage-blob";
import { openStorage, parseStorageLocation } from "@larder/storage";
import { systemClock, systemRandomness } from "@larder/service";
import { describeStorage } from "../../packages/storage/storage-contract.ts";
import { type Azurite, startAzurite } from "../fixture/azurite.ts";

const partBytes = 20_000;
let azurite: Azurite;
let containers = 0;

beforeAll(async () => {
  azurite = await startAzurite();
}, 30_000);
afterAll(() => azurite?.stop());

describeStorage("Azure", async () => {
  const container = await newContainer();
  const access = parseStorageLocation({
    connectionString: azurite.connectionString(),
    container: container.containerName,
    prefix: "some folder",
  });
  const limits = { partBytes, pauseMs: { firstMs: 1, maxMs: 10 } };
  return {
    storage: openStorage(access, { clock: systemClock, randomness: systemRandomness, storageRoots: [], limits }),
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

function newContainer(): Promise<ContainerClient> {
  return azurite.createContainer(`backups-${containers++}`);
}
