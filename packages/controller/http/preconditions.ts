/** If-Match and If-None-Match of a request that writes a cache. */
import { LarderError } from "@larder/api";
import type { Context } from "hono";
import type { Precondition } from "../caches/caches.ts";
import { cacheEtag } from "../documents/cache-document.ts";

export function preconditionOf(context: Context): Precondition {
  const match = etags(context.req.header("if-match"));
  const noneMatch = etags(context.req.header("if-none-match"));
  return (current) => {
    const has = (wanted: string[]) =>
      current !== undefined && (wanted.includes("*") || wanted.includes(cacheEtag(current)));
    if (match !== undefined && !has(match)) throw failed("If-Match", current === undefined);
    if (noneMatch !== undefined && has(noneMatch)) throw failed("If-None-Match", false);
  };
}

function etags(header: string | undefined): string[] | undefined {
  return header?.split(",").map((etag) => {
    const bare = etag.trim().replace(/^W\//, "");
    return bare === "*" || bare.startsWith('"') ? bare : `"${bare}"`;
  });
}

function failed(header: string, isAbsent: boolean): LarderError {
  const why = isAbsent ? "does not exist" : "is not in the state that the header asks for";
  return new LarderError("PreconditionFailed", `The cache ${why} (${header}).`);
}
