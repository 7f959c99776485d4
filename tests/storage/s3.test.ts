import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { systemClock, systemRandomness } from "@larder/service";
import { openFolder, type Storage, type StorageLimits } from "@larder/storage";
import { codeOf, describeStorage, inChunks, read } from "../../packages/storage/storage-contract.ts";
import { hasS3Server, type S3Server, startS3Server } from "../fixture/s3-server.ts";
import { describeTroubles } from "./remote-troubles.ts";

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
    return {
      storage: open({ url: `s3://${Bucket}/some folder` }, { partBytes }),
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
        return [...Contents.map(({ Key = "" }) => Key).filter((key) => !own.includes(key)), ...(await uploads(Bucket))];
      },
      remove: async () => {},
    };
  });

  describeTroubles("S3", () => ({
    origin: server.endpoint,
    open: async (endpoint, limits) => {
      const bucket = await newBucket();
      return { storage: open({ url: `s3://${bucket}`, endpoint }, limits), uploads: () => uploads(bucket) };
    },
    lines: {
      put: /^PUT [^?]*\.rdb\?x-id=PutObject/,
      part: /^PUT .*uploadId=/,
      complete: /^POST .*uploadId=/,
      get: /^GET .*\.rdb\?/,
      stat: /^HEAD /,
      list: /^GET .*list-type=2/,
      remove: /^DELETE /,
    },
    secrets: () => [server.secretAccessKey, server.accessKeyId, "AWS4"],
    full: {
      status: 403,
      headers: { "content-type": "application/xml" },
      body: "<Error><Code>QuotaExceeded</Code><Message>No.</Message></Error>",
    },
  }));

  test("wrong keys and a bucket that does not exist say so", async () => {
    const bucket = await newBucket();
    const wrong = open({ url: `s3://${bucket}`, secretAccessKey: "another" });
    expect(await codeOf(wrong.put("dump.rdb", inChunks(Buffer.from("x"), 1)))).toBe("Forbidden");
    const absent = open({ url: "s3://not-there" });
    const put = absent.put("dump.rdb", inChunks(Buffer.from("x"), 1));
    const calls = [put, Array.fromAsync(absent.list("")), read(absent, "dump.rdb")];
    expect(await Promise.all(calls.map(codeOf))).toEqual(["NotFound", "NotFound", "NotFound"]);
  });
});

function open(
  place: { url: string; endpoint?: string; secretAccessKey?: string },
  limits: Partial<StorageLimits> = {},
): Storage {
  const { url, endpoint = server.endpoint, secretAccessKey = server.secretAccessKey } = place;
  const keys = { accessKeyId: server.accessKeyId, secretAccessKey, sessionToken: null };
  const credentials = { kind: "s3", ...keys, region: "us-east-1", endpoint } as const;
  return openFolder(
    { url, credentials },
    {
      clock: systemClock,
      randomness: systemRandomness,
      storageRoots: [],
      limits: { pauseMs: { firstMs: 1, maxMs: 10 }, ...limits },
    },
  );
}

async function newBucket(): Promise<string> {
  const name = `backups-${buckets++}`;
  await server.createBucket(name);
  return name;
}

async function uploads(bucket: string): Promise<string[]> {
  const { Uploads = [] } = await server.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return Uploads.map(({ Key }) => `upload of ${Key}`);
}
