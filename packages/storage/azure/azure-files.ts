/**
 * Azure Blob Storage's requests, by its own library. Files go in as block blobs; blobs of any kind are read. A page blob's size is a
 * multiple of 512 bytes, so that one with a smaller file in it ends in zero bytes, which are read as part of it: who reads a
 * format that says where it ends stops there.
 *
 * Blocks that no file was made of are seen by nobody, and the service removes them after a week; nothing can remove them sooner
 * where the blob does not exist, but making an empty one for a moment.
 */
import {
  AnonymousCredential,
  type BlockBlobClient,
  ContainerClient,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { isFileName } from "../file-name.ts";
import { parseSha256 } from "../passed-bytes.ts";
import { isRangeFrom, type RemoteFailure, remoteError } from "../remote/remote-errors.ts";
import type { FilePage, RemoteFile, RemoteFiles, RemoteUpload } from "../remote/remote-files.ts";
import { StorageError } from "../storage-error.ts";
import { isInForce } from "./signature-dates.ts";

export interface AzureContainer {
  /** Without a query. */
  containerUrl: string;
  /** In front of every name: empty, or it ends with a slash. */
  prefix: string;
  access: { account: string; key: string } | { sas: string };
}

/** Metadata's names are identifiers of C#. */
const checksumKey = "larder_sha256";

export class AzureFiles implements RemoteFiles {
  readonly #prefix: string;
  readonly #container: ContainerClient;
  readonly #sas: string | undefined;
  readonly #nowMs: () => number;

  constructor(container: AzureContainer, nowMs: () => number) {
    const { access, containerUrl, prefix } = container;
    // One attempt: the retries are Attempts'. No redirects: the signature in a URL is for that host alone.
    const options: StoragePipelineOptions & { redirectOptions: { maxRetries: number } } = {
      retryOptions: { maxTries: 1 },
      redirectOptions: { maxRetries: 0 },
    };
    this.#prefix = prefix;
    this.#nowMs = nowMs;
    this.#sas = "sas" in access ? access.sas : undefined;
    this.#container =
      "sas" in access
        ? new ContainerClient(`${containerUrl}?${access.sas}`, new AnonymousCredential(), options)
        : new ContainerClient(containerUrl, new StorageSharedKeyCredential(access.account, access.key), options);
  }

  async find(name: string, signal: AbortSignal): Promise<RemoteFile | null> {
    try {
      const found = await this.#blob(name).getProperties({ abortSignal: signal });
      if (found.etag === undefined) throw new StorageError("Failed", { file: name, detail: "the answer has no ETag" });
      return {
        bytes: found.contentLength ?? 0,
        modifiedAtMs: found.lastModified?.getTime() ?? 0,
        sha256: parseSha256(found.metadata?.[checksumKey]),
        etag: found.etag,
      };
    } catch (error) {
      const { status, code } = failureOf(error);
      if (status === 404 && code !== "ContainerNotFound") return null;
      throw this.#translated(error, { file: name }, signal);
    }
  }

  async read(
    name: string,
    part: { offset: number; length: number; etag: string },
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const about = { file: name, offset: part.offset };
    const conditions = { ifMatch: part.etag };
    const answer = await this.#call(about, signal, () =>
      this.#blob(name).download(part.offset, part.length, { conditions, maxRetryRequests: 0, abortSignal: signal }),
    );
    if (!isRangeFrom(answer.contentRange, part.offset))
      throw new StorageError("Failed", { ...about, detail: "the answer is not the range that was asked for" });
    return this.#chunks(answer.readableStreamBody as AsyncIterable<Uint8Array>, about, signal);
  }

  async write(name: string, file: { body: Uint8Array; sha256: string }, signal: AbortSignal): Promise<void> {
    const options = { metadata: { [checksumKey]: file.sha256 }, abortSignal: signal };
    await this.#call({ file: name }, signal, () => this.#blob(name).upload(file.body, file.body.byteLength, options));
  }

  /** Nothing is asked of the service: blocks need no beginning. */
  begin(name: string, id: string): Promise<RemoteUpload> {
    const blob = this.#blob(name);
    const call = <T>(signal: AbortSignal, act: () => Promise<T>) => this.#call({ file: name }, signal, act);
    const upload: RemoteUpload = {
      async writePart(index, body, signal) {
        await call(signal, () => blob.stageBlock(blockId(id, index), body, body.byteLength, { abortSignal: signal }));
      },
      async complete({ parts, sha256 }, signal) {
        const blocks = Array.from({ length: parts }, (_, index) => blockId(id, index));
        const options = { metadata: { [checksumKey]: sha256 }, abortSignal: signal };
        await call(signal, () => blob.commitBlockList(blocks, options));
      },
      abort: () => Promise.resolve(),
    };
    return Promise.resolve(upload);
  }

  async list(prefix: string, from: string | undefined, signal: AbortSignal): Promise<FilePage> {
    const pages = this.#container
      .listBlobsFlat({ prefix: this.#prefix + prefix, abortSignal: signal })
      .byPage(from === undefined ? {} : { continuationToken: from });
    const answer = await this.#call({}, signal, () => pages.next());
    if (answer.done === true) return { files: [], next: undefined };
    const files = answer.value.segment.blobItems
      .map((item) => ({
        name: item.name.slice(this.#prefix.length),
        bytes: item.properties.contentLength ?? 0,
        modifiedAtMs: item.properties.lastModified.getTime(),
        sha256: null,
      }))
      .filter((file) => isFileName(file.name));
    return { files, next: answer.value.continuationToken || undefined };
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    await this.#call({ file: name }, signal, () =>
      this.#blob(name).deleteIfExists({ deleteSnapshots: "include", abortSignal: signal }),
    );
  }

  /** Connections belong to the library's one client. */
  close(): void {}

  #blob(name: string): BlockBlobClient {
    return this.#container.getBlockBlobClient(this.#prefix + name);
  }

  async *#chunks(
    body: AsyncIterable<Uint8Array>,
    about: { file: string; offset: number },
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      throw this.#translated(error, about, signal);
    }
  }

  async #call<T>(about: { file?: string; offset?: number }, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw this.#translated(error, about, signal);
    }
  }

  /** The library's error has the URL in it, and with it the signature. */
  #translated(error: unknown, about: { file?: string; offset?: number }, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    if (error instanceof StorageError) return error;
    const failure = failureOf(error);
    if (failure.status === 403 && this.#sas !== undefined && !isInForce(this.#sas, this.#nowMs()))
      return new StorageError("SasExpired", { ...about, detail: "see its st and se" });
    return remoteError(failure, about);
  }
}

/** All of one length, as the service wants it, and of this put alone, so that two puts of one name never mix. */
function blockId(id: string, index: number): string {
  return Buffer.from(`${id}-${String(index).padStart(6, "0")}`).toString("base64");
}

function failureOf(error: unknown): RemoteFailure {
  const { statusCode, code, details } = error as {
    statusCode?: number;
    code?: string;
    details?: { errorCode?: string };
  };
  return { status: statusCode, code: details?.errorCode ?? code };
}
