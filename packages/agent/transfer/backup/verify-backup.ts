/**
 * Whether a backup can be restored, tried: its manifest and its file are read from their storage, the file is loaded into a node
 * that nobody uses, and what is there then is read back from the engine. It is good when
 *
 *   1. the manifest in the storage is the one that is known of it,
 *   2. the file has its length and its SHA-256,
 *   3. what the file holds has the manifest's counts and digest,
 *   4. what the engine holds has the file's counts and digest, but for keys whose time is over by then.
 *
 * The file comes from its storage twice: whole for the first checks, as nothing that is damaged should get to an engine.
 */
import {
  type BackupManifest,
  fileIn,
  LarderError,
  manifestKeys,
  manifestNameOf,
  type StorageLocation,
  type TransferSpec,
} from "@larder/api";
import { RdbError } from "@larder/rdb";
import { openFolder } from "@larder/storage";
import { copyOfEngine } from "../export/engine-copy.ts";
import { type ImportContext, importData } from "../import/import-data.ts";
import { RdbSource } from "../import/rdb-source.ts";
import { passRdb } from "../rdb-pass.ts";
import type { Transfer, TransferContext } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";
import { RdbTally } from "./rdb-tally.ts";
import { readManifest } from "./read-manifest.ts";

type VerifyContext = TransferContext<Extract<TransferSpec, { kind: "verify" }>>;

export function verifyBackup(context: VerifyContext): Transfer {
  return { run: () => run(context) };
}

async function run(context: VerifyContext): Promise<void> {
  const { spec, progress, clock } = context;
  const sinceMs = clock.nowMs();
  progress.enter("running", "reading the file");
  requireSameManifest(await manifestThere(context), spec.manifest);
  const ofFile = await fileTally(context, sinceMs);
  requireFigures(ofFile, spec.manifest);
  progress.bytes = 0;
  await importData(importContext(context)).run();
  progress.enter("running", "reading what was loaded");
  compareWithNode(context, ofFile, await nodeTally(context, sinceMs));
}

async function fileTally(context: VerifyContext, sinceMs: number): Promise<RdbTally> {
  const { progress, spec } = context;
  progress.bytesTotal = spec.manifest.bytes;
  progress.keysTotal = manifestKeys(spec.manifest);
  const tally = new RdbTally(sinceMs);
  const source = RdbSource.open(fileOf(spec), context, spec.manifest);
  try {
    await source.read(
      (item) => tally.see(item),
      (bytes) => {
        progress.bytes += bytes;
      },
    );
    return tally;
  } finally {
    source.close();
  }
}

async function nodeTally(context: VerifyContext, sinceMs: number): Promise<RdbTally> {
  const tally = new RdbTally(sinceMs);
  try {
    for await (const _ of passRdb(copyOfEngine(context), (item) => tally.see(item)));
    return tally;
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    const message = `The engine's copy of its data is damaged: ${error.message}.`;
    throw new TransferError("EngineLost", message, { isRetryable: true, cause: error });
  }
}

async function manifestThere(context: VerifyContext): Promise<BackupManifest> {
  const { spec, signal } = context;
  const storage = openFolder(spec.at, context);
  try {
    return await readManifest(storage, manifestNameOf(spec.manifest.file), signal);
  } catch (error) {
    if (error instanceof LarderError) throw differs(error.message);
    throw error;
  } finally {
    storage.close();
  }
}

function requireSameManifest(there: BackupManifest, known: BackupManifest): void {
  const differ = (["name", "bytes", "sha256", "digest"] as const).find((field) => there[field] !== known[field]);
  if (differ === undefined) return;
  const name = manifestNameOf(known.file);
  throw differs(`Manifest '${name}' is not the one that was written: its '${differ}' is another.`);
}

function requireFigures(tally: RdbTally, manifest: BackupManifest): void {
  const { digest, keys } = tally.figures();
  const [has, says] = [tally.digest.keys, manifestKeys(manifest)];
  if (has !== says) throw differs(`File '${manifest.file}' has ${has} keys, its manifest says ${says}.`);
  if (JSON.stringify(keys) !== JSON.stringify(manifest.keys))
    throw differs(`File '${manifest.file}' has its keys in other databases than its manifest says.`);
  if (digest !== manifest.digest)
    throw differs(`What file '${manifest.file}' holds has the digest ${digest}, its manifest says ${manifest.digest}.`);
}

/** What expires until now may be gone already, or may not. */
function compareWithNode({ spec, clock }: VerifyContext, ofFile: RdbTally, ofNode: RdbTally): void {
  const nowMs = clock.nowMs();
  const [inFile, inNode] = [ofFile.digest.lasting(nowMs), ofNode.digest.lasting(nowMs)];
  if (inFile.equals(inNode)) return;
  const { file } = spec.manifest;
  if (inFile.count !== inNode.count)
    throw differs(`Of file '${file}' the engine has ${inNode.count} keys and libraries, not ${inFile.count}.`);
  throw differs(`Of file '${file}' the engine has all keys, but not all with their values: ${inNode}, not ${inFile}.`);
}

function importContext(context: VerifyContext): ImportContext {
  const { manifest, transferId, nodeId, filter } = context.spec;
  const files = [fileOf(context.spec)];
  const spec = { transferId, nodeId, filter, kind: "import", mode: "fill", files, expects: manifest } as const;
  return { ...context, spec: { ...spec, files } };
}

function fileOf({ at, manifest }: VerifyContext["spec"]): StorageLocation {
  return fileIn(at, manifest.file);
}

function differs(message: string): TransferError {
  return new TransferError("BadFile", message);
}
