/**
 * S3's requests, by Amazon's library, to Amazon's service or another that speaks the same.
 *
 * A file's SHA-256 is in its metadata where it went in by one request. A file of parts gets its metadata before its bytes are known:
 * there its upload's id is in the metadata, and once the file is complete NAME.sha256 is written beside it, with the checksum and that id. One
 * whose ids differ belongs to another version, and counts as none.
 *
 * Parts that no file was made of are removed when a put fails. Those of a process that was killed stay until a lifecycle rule of the
 * bucket's removes them.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { checksumSuffix, isFileName } from "../file-name.ts";
import { checksumLine, parseChecksumLine, parseSha256 } from "../passed-bytes.ts";
import { isRangeFrom, type RemoteFailure, remoteError } from "../remote/remote-errors.ts";
import type { FilePage, RemoteFile, RemoteFiles, RemoteUpload } from "../remote/remote-files.ts";
import { StorageError } from "../storage-error.ts";

export interface S3Bucket {
  /** null: Amazon's own. */
  endpoint: string | null;
  region: string;
  bucket: string;
  /** In front of every name: empty, or it ends with a slash. */
  prefix: string;
  /** The bucket is in the path, not in the host's name. */
  pathStyle: boolean;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string | null };
}

const checksumKey = "larder-sha256";
const uploadKey = "larder-upload";
/** A file beside a file that is larger holds no checksum. */
const checksumFileBytesMax = 4096;

export class S3Files implements RemoteFiles {
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #client: S3Client;

  constructor(bucket: S3Bucket) {
    const { endpoint, region, pathStyle, credentials } = bucket;
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    this.#bucket = bucket.bucket;
    this.#prefix = bucket.prefix;
    this.#client = new S3Client({
      ...(endpoint === null ? {} : { endpoint }),
      region,
      forcePathStyle: pathStyle,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) },
      // The retries are Attempts'.
      maxAttempts: 1,
      // Checksums in trailers are unknown to most servers but Amazon's; files have one of their own.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    });
  }

  async find(name: string, signal: AbortSignal): Promise<RemoteFile | null> {
    const found = await this.#unlessAbsent(name, signal, () =>
      this.#client.send(new HeadObjectCommand(this.#at(name)), { abortSignal: signal }),
    );
    if (found === undefined) return null;
    if (found.ETag === undefined) throw new StorageError("Failed", { file: name, detail: "the answer has no ETag" });
    const upload = found.Metadata?.[uploadKey];
    const sha256 =
      upload === undefined
        ? parseSha256(found.Metadata?.[checksumKey])
        : await this.#readChecksum(name, upload, signal);
    const { ContentLength = 0, LastModified, ETag } = found;
    return { bytes: ContentLength, modifiedAtMs: LastModified?.getTime() ?? 0, sha256, etag: ETag };
  }

  async read(
    name: string,
    part: { offset: number; length: number; etag: string },
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const about = { file: name, offset: part.offset };
    const range = { Range: `bytes=${part.offset}-${part.offset + part.length - 1}`, IfMatch: part.etag };
    const answer = await call(about, signal, () =>
      this.#client.send(new GetObjectCommand({ ...this.#at(name), ...range }), { abortSignal: signal }),
    );
    if (!isRangeFrom(answer.ContentRange, part.offset))
      throw new StorageError("Failed", { ...about, detail: "the answer is not the range that was asked for" });
    return chunksOf(answer.Body as AsyncIterable<Uint8Array>, about, signal);
  }

  async write(name: string, file: { body: Uint8Array; sha256: string }, signal: AbortSignal): Promise<void> {
    await this.#putObject(name, { body: file.body, metadata: { [checksumKey]: file.sha256 } }, signal);
  }

  async begin(name: string, id: string, signal: AbortSignal): Promise<RemoteUpload> {
    const created = await call({ file: name }, signal, () =>
      this.#client.send(new CreateMultipartUploadCommand({ ...this.#at(name), Metadata: { [uploadKey]: id } }), {
        abortSignal: signal,
      }),
    );
    const at = { ...this.#at(name), UploadId: created.UploadId };
    const etags: (string | undefined)[] = [];
    return {
      writePart: async (index, body, partSignal) => {
        const command = new UploadPartCommand({ ...at, PartNumber: index + 1, Body: body });
        const sent = await call({ file: name }, partSignal, () =>
          this.#client.send(command, { abortSignal: partSignal }),
        );
        etags[index] = sent.ETag;
      },
      complete: async ({ sha256 }, endSignal) => {
        const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
        const command = new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } });
        await this.#complete(name, { command, id }, endSignal);
        const body = Buffer.from(`${checksumLine(sha256, name)}# ${id}\n`);
        await this.#putObject(name + checksumSuffix, { body, metadata: {} }, endSignal);
      },
      abort: async (endSignal) => {
        await this.#unlessAbsent(name, endSignal, () =>
          this.#client.send(new AbortMultipartUploadCommand(at), { abortSignal: endSignal }),
        );
      },
    };
  }

  async list(prefix: string, from: string | undefined, signal: AbortSignal): Promise<FilePage> {
    const command = new ListObjectsV2Command({
      Bucket: this.#bucket,
      Prefix: this.#prefix + prefix,
      ...(from === undefined ? {} : { ContinuationToken: from }),
    });
    const page = await call({}, signal, () => this.#client.send(command, { abortSignal: signal }));
    const files = (page.Contents ?? [])
      .map(({ Key = "", Size = 0, LastModified }) => ({
        name: Key.slice(this.#prefix.length),
        bytes: Size,
        modifiedAtMs: LastModified?.getTime() ?? 0,
        sha256: null,
      }))
      .filter((file) => isFileName(file.name));
    return { files, next: page.IsTruncated === true ? page.NextContinuationToken : undefined };
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    for (const object of [name, name + checksumSuffix])
      await this.#unlessAbsent(name, signal, () =>
        this.#client.send(new DeleteObjectCommand(this.#at(object)), { abortSignal: signal }),
      );
  }

  close(): void {
    this.#client.destroy();
  }

  #at(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + name };
  }

  async #putObject(
    name: string,
    object: { body: Uint8Array; metadata: Record<string, string> },
    signal: AbortSignal,
  ): Promise<void> {
    const command = new PutObjectCommand({ ...this.#at(name), Body: object.body, Metadata: object.metadata });
    await call({ file: name }, signal, () => this.#client.send(command, { abortSignal: signal }));
  }

  /** An upload that is gone may be complete: the answer to the attempt before was lost. */
  async #complete(
    name: string,
    upload: { command: CompleteMultipartUploadCommand; id: string },
    signal: AbortSignal,
  ): Promise<void> {
    const at = this.#at(name);
    try {
      await call({ file: name }, signal, () => this.#client.send(upload.command, { abortSignal: signal }));
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== "Changed") throw error;
      const found = await this.#unlessAbsent(name, signal, () =>
        this.#client.send(new HeadObjectCommand(at), { abortSignal: signal }),
      );
      if (found?.Metadata?.[uploadKey] !== upload.id) throw error;
    }
  }

  async #readChecksum(name: string, upload: string, signal: AbortSignal): Promise<string | null> {
    const command = new GetObjectCommand(this.#at(name + checksumSuffix));
    const found = await this.#unlessAbsent(name, signal, () => this.#client.send(command, { abortSignal: signal }));
    if (found === undefined) return null;
    let text = "";
    for await (const chunk of chunksOf(found.Body as AsyncIterable<Uint8Array>, { file: name, offset: 0 }, signal)) {
      text += Buffer.from(chunk).toString("latin1");
      if (text.length > checksumFileBytesMax) return null;
    }
    return text.includes(`\n# ${upload}\n`) ? parseChecksumLine(text) : null;
  }

  async #unlessAbsent<T>(name: string, signal: AbortSignal, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call({ file: name }, signal, act);
    } catch (error) {
      if (error instanceof StorageError && (error.code === "NotFound" || error.code === "Changed")) return undefined;
      throw error;
    }
  }
}

async function* chunksOf(
  body: AsyncIterable<Uint8Array>,
  about: { file: string; offset: number },
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw translated(error, about, signal);
  }
}

async function call<T>(
  about: { file?: string; offset?: number },
  signal: AbortSignal,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw translated(error, about, signal);
  }
}

function translated(error: unknown, about: { file?: string; offset?: number }, signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : remoteError(failureOf(error), about);
}

/** The library's own names for an answer that it does not understand say nothing. */
function failureOf(error: unknown): RemoteFailure {
  const { name, code, $metadata } = error as { name?: string; code?: string; $metadata?: { httpStatusCode?: number } };
  const word = code ?? name;
  return { status: $metadata?.httpStatusCode, code: word === "UnknownError" || word === "Unknown" ? undefined : word };
}
