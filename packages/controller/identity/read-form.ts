/** Reads the form that a request brings, bounded. Throws RequestBodyTooLarge. */
import type { IncomingMessage } from "node:http";
import { LarderError } from "@larder/api";
import { identityLimits } from "./identity-limits.ts";

export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > identityLimits.requestBytesMax)
      throw new LarderError("RequestBodyTooLarge", `The form is larger than ${identityLimits.requestBytesMax} bytes.`);
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}
