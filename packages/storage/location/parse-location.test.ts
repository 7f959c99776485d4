import { describe, expect, test } from "bun:test";
import { StorageError } from "../storage-error.ts";
import { parseStorageLocation } from "./parse-location.ts";
import { describeLocation } from "./storage-location.ts";

const sas = "sv=2025-01-05&sr=c&sp=rwl&se=2026-12-01T00%3A00%3A00Z&sig=c2VjcmV0%2Bsignature%3D";
const accountUrl = "https://shopdata.blob.core.windows.net";
const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "very/secret" };
const connectionString =
  "DefaultEndpointsProtocol=https;AccountName=shopdata;AccountKey=c2VjcmV0LWtleQ==;EndpointSuffix=core.windows.net";

describe("locations", () => {
  test.each([
    ["/backups/shop", { kind: "directory", path: "/backups/shop" }, "/backups/shop"],
    ["/backups//shop/", { kind: "directory", path: "/backups/shop" }, "/backups/shop"],
    ["file:///backups/my%20shop", { kind: "directory", path: "/backups/my shop" }, "/backups/my shop"],
    [
      `${accountUrl}/dumps?${sas}`,
      { kind: "azure", containerUrl: `${accountUrl}/dumps`, prefix: "", file: null },
      `${accountUrl}/dumps/`,
    ],
    [
      { url: `${accountUrl}/dumps?${sas}`, prefix: "shop/2026" },
      { kind: "azure", containerUrl: `${accountUrl}/dumps`, prefix: "shop/2026/", file: null },
      `${accountUrl}/dumps/shop/2026/`,
    ],
    [
      `${accountUrl}/dumps/shop/a%20b.rdb?${sas.replace("sr=c", "sr=b")}`,
      { kind: "azure", containerUrl: `${accountUrl}/dumps`, prefix: "shop/", file: "a b.rdb" },
      `${accountUrl}/dumps/shop/a b.rdb`,
    ],
    [
      `${accountUrl}/dumps/shop?${sas.replace("sr=c", "sr=d&sdd=1")}`,
      { kind: "azure", containerUrl: `${accountUrl}/dumps`, prefix: "shop/", file: null },
      `${accountUrl}/dumps/shop/`,
    ],
    [
      `http://127.0.0.1:10000/devstoreaccount1/dumps/x.rdb?${sas}`,
      { kind: "azure", containerUrl: "http://127.0.0.1:10000/devstoreaccount1/dumps", prefix: "", file: "x.rdb" },
      "http://127.0.0.1:10000/devstoreaccount1/dumps/x.rdb",
    ],
    [
      { connectionString, container: "dumps", prefix: "/shop/" },
      { kind: "azure", containerUrl: `${accountUrl}/dumps`, prefix: "shop/", file: null },
      `${accountUrl}/dumps/shop/`,
    ],
    [
      { connectionString: "UseDevelopmentStorage=true", container: "dumps" },
      { kind: "azure", containerUrl: "http://127.0.0.1:10000/devstoreaccount1/dumps", prefix: "", file: null },
      "http://127.0.0.1:10000/devstoreaccount1/dumps/",
    ],
    [
      { connectionString: `BlobEndpoint=https://store.example/;SharedAccessSignature=${sas}`, container: "dumps" },
      { kind: "azure", containerUrl: "https://store.example/dumps", prefix: "", file: null },
      "https://store.example/dumps/",
    ],
    [
      { url: "s3://backups/shop", ...keys },
      { kind: "s3", endpoint: null, region: "us-east-1", bucket: "backups", prefix: "shop/", pathStyle: false },
      "s3://backups/shop/",
    ],
    [
      { url: "s3://backups", ...keys, endpoint: "http://store.example:9000/", region: "eu-west-1" },
      {
        kind: "s3",
        endpoint: "http://store.example:9000",
        region: "eu-west-1",
        bucket: "backups",
        prefix: "",
        pathStyle: true,
      },
      "s3://backups/ at http://store.example:9000",
    ],
  ] as const)("%p", (given, location, description) => {
    const access = parseStorageLocation(given);
    expect(access.location).toEqual(location);
    expect(describeLocation(access.location)).toBe(description);
    for (const secret of ["sig", "c2VjcmV0", "very/secret", "AKIDEXAMPLE"])
      expect(JSON.stringify(access.location) + describeLocation(access.location)).not.toContain(secret);
  });

  test("secrets are by themselves", () => {
    expect(parseStorageLocation(`${accountUrl}/dumps?${sas}`).secret).toEqual({ kind: "azure-sas", sas });
    const byKey = { kind: "azure-key", account: "shopdata", key: "c2VjcmV0LWtleQ==" } as const;
    expect(parseStorageLocation({ connectionString, container: "dumps" }).secret).toEqual(byKey);
    const byKeys = { kind: "s3-keys", ...keys, sessionToken: null } as const;
    expect(parseStorageLocation({ url: "s3://backups", ...keys }).secret).toEqual(byKeys);
    expect(parseStorageLocation("/backups").secret).toEqual({ kind: "none" });
  });

  test.each([
    [17, "a text or an object"],
    ["", "must not be empty"],
    ["backups", "neither an absolute path"],
    ["ftp://host/secret", "neither an absolute path"],
    ["/backups/../etc", "'..'"],
    ["file://host/backups", "file URL"],
    [{ url: "/backups", prefix: "shop" }, "a directory has none"],
    [`${accountUrl}/dumps`, "no shared access signature"],
    [`${accountUrl}/?${sas}`, "no container"],
    [`https://user:secret@host.example/dumps?${sas}`, "no user"],
    [`${accountUrl}/dumps/.hidden?${sas}`, "file's name"],
    [{ url: `${accountUrl}/dumps/x.rdb?${sas}`, prefix: "shop" }, "of one file"],
    [{ url: `${accountUrl}/dumps?${sas}`, prefix: "../shop" }, "prefix"],
    [{ connectionString, container: "No" }, "container"],
    [{ connectionString: "AccountName=shopdata", container: "dumps" }, "neither AccountName and AccountKey"],
    [{ connectionString: "c2VjcmV0LWtleQ", container: "dumps" }, "NAME=VALUE"],
    [{ connectionString, container: "dumps", colour: "red" }, "colour is not known"],
    ["s3://backups", "accessKeyId"],
    [{ url: "s3://backups", ...keys, endpoint: "store.example" }, "http or https"],
    [{ url: "s3://b?x", ...keys }, "s3://BUCKET"],
    [{ url: "s3://backups/../x", ...keys }, "prefix"],
  ])("%p is refused, and nothing of it repeated that may be secret", (given, problem) => {
    let refusal: unknown;
    try {
      parseStorageLocation(given);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(StorageError);
    const { code, message } = refusal as StorageError;
    expect(code).toBe("InvalidLocation");
    expect(message).toContain(problem);
    for (const secret of ["secret", "c2VjcmV0"]) expect(message.replace("secretAccessKey", "")).not.toContain(secret);
  });
});
