import { expect, test } from "bun:test";
import type { StorageLocation } from "@larder/api";
import { StorageError } from "../storage-error.ts";
import { parsePlace } from "./parsed-place.ts";

const sas = "sv=2025-01-05&sr=c&sp=rwl&se=2026-12-01T00%3A00%3A00Z&sig=c2VjcmV0%2Bsignature%3D";
const accountUrl = "https://shopdata.blob.core.windows.net";
const key = "c2VjcmV0LWtleQ==";
const connectionString = `DefaultEndpointsProtocol=https;AccountName=shopdata;AccountKey=${key};EndpointSuffix=core.windows.net`;
const s3 = {
  kind: "s3",
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "very/secret",
  sessionToken: null,
  region: "eu-west-1",
  endpoint: null,
} as const;
const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "very/secret", sessionToken: null };

test.each([
  ["file:///backups/my%20shop/", { kind: "directory", path: "/backups/my shop" }],
  ["file:///backups//a/../shop", { kind: "directory", path: "/backups/shop" }],
  [
    `${accountUrl}/dumps?${sas}`,
    { kind: "azure", container: { containerUrl: `${accountUrl}/dumps`, access: { sas } }, words: [], isOneFile: false },
  ],
  [
    `${accountUrl}/dumps/shop/a%20b.rdb?${sas.replace("sr=c", "sr=b")}`,
    {
      kind: "azure",
      container: { containerUrl: `${accountUrl}/dumps`, access: { sas: sas.replace("sr=c", "sr=b") } },
      words: ["shop", "a b.rdb"],
      isOneFile: true,
    },
  ],
  [
    `http://127.0.0.1:10000/devstoreaccount1/dumps/x.rdb?${sas}`,
    {
      kind: "azure",
      container: { containerUrl: "http://127.0.0.1:10000/devstoreaccount1/dumps", access: { sas } },
      words: ["x.rdb"],
      isOneFile: false,
    },
  ],
])("%s", (url, place) => {
  expect(parsePlace({ url, credentials: null })).toEqual(place as ReturnType<typeof parsePlace>);
});

test.each([
  [connectionString, `${accountUrl}/dumps`, { account: "shopdata", key }],
  [`BlobEndpoint=https://store.example/;SharedAccessSignature=?${sas}`, "https://store.example/dumps", { sas }],
  [
    `AccountName=devstoreaccount1;AccountKey=${key};BlobEndpoint=http://127.0.0.1:9/devstoreaccount1;`,
    "http://127.0.0.1:9/devstoreaccount1/dumps",
    { account: "devstoreaccount1", key },
  ],
  [
    "UseDevelopmentStorage=true",
    "http://127.0.0.1:10000/devstoreaccount1/dumps",
    expect.objectContaining({ account: "devstoreaccount1" }),
  ],
])("azure:// with %s", (given, containerUrl, access) => {
  const credentials = { kind: "azure", connectionString: given } as const;
  expect(parsePlace({ url: "azure://dumps/shop/a%b.rdb", credentials })).toEqual({
    kind: "azure",
    container: { containerUrl, access },
    words: ["shop", "a%b.rdb"],
    isOneFile: false,
  });
});

test("s3://, at Amazon and elsewhere", () => {
  expect(parsePlace({ url: "s3://backups/shop/x.rdb", credentials: s3 })).toEqual({
    kind: "s3",
    bucket: { endpoint: null, region: "eu-west-1", bucket: "backups", pathStyle: false, credentials: keys },
    words: ["shop", "x.rdb"],
  });
  const credentials = { ...s3, endpoint: "http://store.example:9000/" };
  expect(parsePlace({ url: "s3://backups", credentials })).toMatchObject({
    bucket: { endpoint: "http://store.example:9000", pathStyle: true },
    words: [],
  });
});

const azure = (given: string) => ({ kind: "azure", connectionString: given }) as const;

test.each([
  ["", null, "none of file"],
  ["ftp://host/secret", null, "none of file"],
  ["file://host/backups", null, "file URL"],
  ["file:///a%2Fb", null, "file URL"],
  [`${accountUrl}/dumps`, null, "no shared access signature"],
  [`${accountUrl}/?${sas}`, null, "no container"],
  [`${accountUrl}/dumps/%zz?${sas}`, null, "path is not valid"],
  [`https://user:secret@host.example/dumps?${sas}`, null, "no user"],
  ["azure://dumps/x.rdb", null, "connection string"],
  ["azure://Dumps/x.rdb", azure(connectionString), "azure://CONTAINER"],
  ["azure://dumps", azure("AccountName=shopdata"), "neither AccountName and AccountKey"],
  ["azure://dumps", azure(`AccountKey=${key}`), "neither BlobEndpoint nor AccountName"],
  ["azure://dumps", azure("c2VjcmV0LWtleQ"), "NAME=VALUE"],
  ["azure://dumps", azure(connectionString.replace("core.windows.net", "x?secret")), "query"],
  ["s3://backups", null, "keys"],
  ["s3://b/x", s3, "s3://BUCKET"],
  ["s3://backups/a?secret", s3, "question mark"],
  ["s3://backups", { ...s3, endpoint: "store.example" }, "http or https"],
  ["s3://backups", { ...s3, region: "very secret" }, "region"],
] satisfies [string, StorageLocation["credentials"], string][])(
  "%s is refused, and nothing of it repeated that may be secret",
  (url, credentials, problem) => {
    let refusal: unknown;
    try {
      parsePlace({ url, credentials });
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(StorageError);
    const { code, message } = refusal as StorageError;
    expect(code).toBe("InvalidLocation");
    expect(message).toContain(problem);
    for (const secret of ["secret", "c2VjcmV0"]) expect(message).not.toContain(secret);
  },
);
