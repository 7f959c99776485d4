/** Reads a request's JSON body, bounded. An empty body is undefined. Throws RequestBodyTooLarge or InvalidRequestBody. */
import { LarderError } from "@larder/api";
import type { Context } from "hono";

export const bodyBytesMax = 256 * 1024;

export async function readJsonBody(context: Context): Promise<unknown> {
  if (Number(context.req.header("content-length") ?? 0) > bodyBytesMax) throw tooLarge();
  const text = await readText(context.req.raw.body);
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new LarderError("InvalidRequestBody", "The request body is not valid JSON.");
  }
}

async function readText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function tooLarge(): LarderError {
  return new LarderError("RequestBodyTooLarge", `The request body is larger than ${bodyBytesMax} bytes.`);
}
