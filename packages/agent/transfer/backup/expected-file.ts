/** A file as its storage gives it, of which it is known what it has to be. */
import { createHash } from "node:crypto";
import { TransferError } from "../transfer-error.ts";

export interface ExpectedFile {
  bytes: number;
  sha256: string;
}

/** Throws BadFile behind the last chunk: nothing may be acted on before the end. */
export async function* asExpected(
  source: AsyncIterable<Uint8Array>,
  name: string,
  expected: ExpectedFile,
): AsyncGenerator<Uint8Array, void, void> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of source) {
    hash.update(chunk);
    bytes += chunk.length;
    yield chunk;
  }
  const sha256 = hash.digest("hex");
  if (bytes !== expected.bytes) throw differs(name, `has ${bytes} bytes, not ${expected.bytes}`);
  if (sha256 !== expected.sha256) throw differs(name, `has the SHA-256 ${sha256}, not ${expected.sha256}`);
}

function differs(name: string, what: string): TransferError {
  return new TransferError("BadFile", `File '${name}' is not the one of its manifest: it ${what}.`);
}
