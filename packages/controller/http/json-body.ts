/** Reads a request's JSON body, bounded. An empty body is undefined. Throws RequestBodyTooLarge or InvalidRequestBody. */
import { LarderError } from "@larder/api";
import type { Context } from "hono";

export const bodyBytesMax = 256 * 1024;
/** Of objects and lists in one another. No resource needs a tenth of it; what reads them goes down as deep. */
const bodyDepthMax = 100;

export async function readJsonBody(context: Context): Promise<unknown> {
  if (Number(context.req.header("content-length") ?? 0) > bodyBytesMax) throw tooLarge();
  const text = await readText(context.req.raw.body);
  if (text.trim() === "") return undefined;
  if (isTooDeep(text))
    throw new LarderError("InvalidRequestBody", `The request body is nested deeper than ${bodyDepthMax} levels.`);
  try {
    return JSON.parse(text);
  } catch {
    throw new LarderError("InvalidRequestBody", "The request body is not valid JSON.");
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isQuoted && character === "\\") at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    if (depth > bodyDepthMax) return true;
  }
  return false;
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
