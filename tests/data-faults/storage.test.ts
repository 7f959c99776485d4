/** Storage that refuses, breaks off, lies or hangs, in the middle of a cache's imports and exports. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ContainerClient } from "@azure/storage-blob";
import { type Azurite, startAzurite } from "../fixture/azurite.ts";
import { type HostileHttp, type HttpFault, startHostileHttp } from "../fixture/hostile-http.ts";
import { longTest } from "../fixture/long-test.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { OldCache } from "./old-cache.ts";

const box = "box";
const file = "shop.rdb";
const hourMs = 3_600_000;
/** `status` as Azure answers it. */
const refusal = (status: number, code: string): HttpFault => ({
  kind: "status",
  status,
  headers: { "x-ms-error-code": code, "content-type": "application/xml" },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>No.</Message></Error>`,
});
const forbidden = refusal(403, "AuthorizationPermissionMismatch");
const importFaults: [string, HttpFault, string][] = [
  ["403", forbidden, "StorageForbidden"],
  ["404", refusal(404, "BlobNotFound"), "StorageNotFound"],
  ["another bit", { kind: "flip", at: 60 }, "BadFile"],
];
const exportFaults: [string, HttpFault, string][] = [
  ["403", forbidden, "StorageForbidden"],
  ["no room", refusal(403, "AccountCapacityExceeded"), "StorageFull"],
];
/** Each is tried again a few times, which takes seconds, or minutes where nothing comes. */
const slowImportFaults: [string, HttpFault, string][] = [
  ["503", refusal(503, "ServerBusy"), "StorageUnavailable"],
  ["an answer that is cut off", { kind: "cut", afterBytes: 0 }, "StorageUnavailable"],
  ["no answer", { kind: "hang" }, "StorageSlow"],
  ["an answer that stops", { kind: "stall", afterBytes: 0 }, "StorageSlow"],
];

const slowExportFaults: [string, HttpFault, string][] = [
  ["503", refusal(503, "ServerBusy"), "StorageUnavailable"],
  ["no answer", { kind: "hang" }, "StorageSlow"],
];

let azurite: Azurite;
let container: ContainerClient;
let proxy: HostileHttp;
let service: TestService;
let cache: OldCache;

describe.skipIf(!hasValkey)("storage", () => {
  beforeAll(async () => {
    [azurite, service] = await Promise.all([startAzurite(), startService({ engine: "native" })]);
    proxy = await startHostileHttp(azurite.origin);
    container = await azurite.createContainer(box);
    cache = await OldCache.make(service, "old");
    expect(await cache.over("export", { container: url(""), prefix: "shop" })).toMatchObject({ status: "succeeded" });
  }, 60_000);
  afterAll(async () => {
    cache?.close();
    proxy?.stop();
    await Promise.all([azurite?.stop(), service?.stop()]);
  }, 30_000);

  test.each(importFaults)("with %s in the middle of an import", failsToImport, 60_000);
  longTest.each(slowImportFaults)("with %s in the middle of an import", failsToImport, 600_000);

  test("that breaks off now and then: the import goes on where it was", async () => {
    proxy.meet(/^GET .*shop\.rdb/, { kind: "cut", afterBytes: 50 }, 2);
    expect(await cache.over("import", { files: [url(file)] })).toMatchObject({ status: "succeeded", error: null });
    await cache.requireOld();
  }, 60_000);

  test("with a signature that is over: it is refused before anything begins", async () => {
    const over = url(file, new Date(Date.now() - 60_000));
    const begun = service.client.beginTransfer(cache.at, "import", { files: [over] });
    expect(await begun.catch((error: unknown) => error)).toMatchObject({ code: "InvalidParameter", target: "files.0" });
    await cache.requireOld();
  });

  test.each(exportFaults)("with %s in the middle of an export: no file has the name", failsToExport, 60_000);
  longTest.each(slowExportFaults)("with %s in the middle of an export: no file has the name", failsToExport, 900_000);
});

async function failsToExport(_: string, fault: HttpFault, code: string): Promise<void> {
  proxy.meet(/^PUT .*lost\.rdb/, fault);
  const error = await cache.failure("export", { container: url(""), prefix: "lost" });
  expect(error).toEqual({ code, message: expect.stringContaining("'lost.rdb'") });
  expect(error.message).not.toContain("sig=");
  expect(await namesThere()).toEqual([file]);
  await cache.requireOld();
}

async function failsToImport(_: string, fault: HttpFault, code: string): Promise<void> {
  proxy.meet(/^GET .*shop\.rdb/, fault);
  const error = await cache.failure("import", { files: [url(file)] });
  expect(error).toEqual({ code, message: expect.stringContaining(`'${file}'`) });
  expect(error.message).not.toContain("sig=");
  await cache.requireOld();
}

async function namesThere(): Promise<string[]> {
  return (await Array.fromAsync(container.listBlobsFlat({ includeUncommitedBlobs: false }))).map(({ name }) => name);
}

/** Through the proxy, signed. */
function url(name: string, expiresOn = new Date(Date.now() + 2 * hourMs)): string {
  const startsOn = new Date(expiresOn.getTime() - 4 * hourMs);
  const sas = azurite.sas({ container: box, permissions: "racwdl", startsOn, expiresOn });
  return `${proxy.origin}/devstoreaccount1/${[box, name].filter(Boolean).join("/")}?${sas}`;
}
