import { afterAll, beforeAll, describe } from "bun:test";
import {
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { openStorage, parseStorageLocation } from "@larder/storage";
import { systemClock, systemRandomness } from "@larder/service";
import { describeStorage } from "../../packages/storage/storage-contract.ts";
import { hasS3Server, type S3Server, startS3Server } from "../fixture/s3-server.ts";

const partBytes = 20_000;
let server: S3Server;
let buckets = 0;

describe.skipIf(!hasS3Server)("S3", () => {
  beforeAll(async () => {
    server = await startS3Server();
  }, 30_000);
  afterAll(() => server?.stop());

  describeStorage("S3", async () => {
    const Bucket = await newBucket();
    const { accessKeyId, secretAccessKey, endpoint } = server;
    const access = parseStorageLocation({ url: `s3://${Bucket}/some folder`, accessKeyId, secretAccessKey, endpoint });
    const limits = { partBytes, pauseMs: { firstMs: 1, maxMs: 10 } };
    return {
      storage: openStorage(access, { clock: systemClock, randomness: systemRandomness, storageRoots: [], limits }),
      partBytes,
      putForeign: async (name, bytes) => {
        await server.client.send(new PutObjectCommand({ Bucket, Key: `some folder/${name}`, Body: bytes }));
      },
      spoil: async (name, bytes) => {
        const at = { Bucket, Key: `some folder/${name}` };
        const { Metadata = {} } = await server.client.send(new HeadObjectCommand(at));
        await server.client.send(new PutObjectCommand({ ...at, Body: bytes, Metadata }));
      },
      leftovers: async () => {
        const own = ["some folder/dump.rdb", "some folder/dump.rdb.sha256"];
        const { Contents = [] } = await server.client.send(new ListObjectsV2Command({ Bucket }));
        const { Uploads = [] } = await server.client.send(new ListMultipartUploadsCommand({ Bucket }));
        const uploads = Uploads.map(({ Key }) => `upload of ${Key}`);
        return [...Contents.map(({ Key = "" }) => Key).filter((key) => !own.includes(key)), ...uploads];
      },
      remove: async () => {},
    };
  });
});

async function newBucket(): Promise<string> {
  const name = `backups-${buckets++}`;
  await server.createBucket(name);
  return name;
}
