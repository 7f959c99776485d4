/** If-Match and If-None-Match of a request that writes a resource. Azure's description names neither. */
import { LarderError } from "@larder/api";
import type { Context } from "hono";

const otherState = "is not in the state that the header asks for";

/** Throws PreconditionFailed unless the resource as it is, or its absence, is what the caller expects. `what`: it is, for the refusal. */
export function preconditionOf<Resource>(
  context: Context,
  what: string,
  etagOf: (resource: Resource) => string,
): (current: Resource | undefined) => void {
  const match = etags(context.req.header("if-match"));
  const noneMatch = etags(context.req.header("if-none-match"));
  return (current) => {
    const has = (wanted: string[]) =>
      current !== undefined && (wanted.includes("*") || wanted.includes(etagOf(current)));
    if (match !== undefined && !has(match))
      throw failed(what, "If-Match", current === undefined ? "does not exist" : otherState);
    if (noneMatch !== undefined && has(noneMatch))
      throw failed(what, "If-None-Match", noneMatch.includes("*") ? "exists already" : otherState);
  };
}

function etags(header: string | undefined): string[] | undefined {
  return header?.split(",").map((etag) => {
    const bare = etag.trim().replace(/^W\//, "");
    return bare === "*" || bare.startsWith('"') ? bare : `"${bare}"`;
  });
}

function failed(what: string, header: string, why: string): LarderError {
  return new LarderError("PreconditionFailed", `The ${what} ${why} (${header}).`);
}
