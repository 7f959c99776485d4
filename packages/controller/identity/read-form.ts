/** Reads the form that a request brings, bounded. Throws a refusal. */
import type { IncomingMessage } from "node:http";
import { parse } from "node:querystring";
import { deviceCodeGrant } from "./first-party-clients.ts";
import { identityLimits } from "./identity-limits.ts";
import type { OidcContext } from "./oidc-library.ts";
import { Refusal } from "./refusal.ts";

/** Microsoft's libraries call the grant by its name before it had one (RFC 8628). */
const grantNames: Record<string, string> = { device_code: deviceCodeGrant };

/** Puts the form of a call for tokens where the library finds it, with the grant as the library calls it. */
export async function readTokenForm(context: OidcContext): Promise<void> {
  if (!context.get("content-type").startsWith("application/x-www-form-urlencoded")) return;
  const form = parse(await readText(context.req));
  const { grant_type: grant } = form;
  const name = typeof grant === "string" && Object.hasOwn(grantNames, grant) ? grantNames[grant] : grant;
  context.req.body = name === undefined ? form : { ...form, grant_type: name };
}

export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  return new URLSearchParams(await readText(request));
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > identityLimits.requestBytesMax)
      throw new Refusal("invalid_request", `The body is larger than ${identityLimits.requestBytesMax} bytes.`, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
