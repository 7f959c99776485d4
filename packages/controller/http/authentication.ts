/** Bearer tokens: who calls, or 401 in Azure's form, with where a token is to be had. */
import { LarderError } from "@larder/api";
import type { Context, MiddlewareHandler } from "hono";
import type { Recognition } from "../authorization/callers.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";

type Refusal = Extract<Recognition, { refusal: unknown }>;

export function bearerAuthentication({ callers }: ApiContext): MiddlewareHandler<ApiEnvironment> {
  return async (context, next) => {
    const token = /^Bearer +(\S+)$/i.exec(context.req.header("authorization") ?? "")?.[1];
    if (token === undefined) {
      const text = "Authentication failed. The request has no bearer token in its Authorization header.";
      throw unauthorized(context, callers.issuer, new LarderError("AuthenticationFailed", text));
    }
    const recognition = await callers.recognize(token, context.env.address);
    if ("refusal" in recognition) throw refused(context, callers.issuer, recognition);
    context.set("caller", recognition.caller);
    await next();
  };
}

function refused(context: Context, issuer: string | undefined, recognition: Refusal): LarderError {
  if (recognition.refusal === "limited") {
    context.header("retry-after", String(Math.ceil(recognition.waitMs / 1_000)));
    return new LarderError("TooManyRequests", "Too many bad tokens came from this address; try again later.");
  }
  if (recognition.refusal === "issuer silent")
    return new LarderError("ServiceUnavailable", "The issuer of the token does not say which keys it has; try again.");
  const code = recognition.refusal === "expired" ? "ExpiredAuthenticationToken" : "InvalidAuthenticationToken";
  return unauthorized(context, issuer, new LarderError(code, texts[recognition.refusal]));
}

/** What the token's owner can do something about; nothing of what is in it. */
const texts: Record<Exclude<Refusal["refusal"], "limited" | "issuer silent">, string> = {
  malformed: "The bearer token is not valid.",
  "unknown issuer": "The bearer token is not of an issuer that this service trusts.",
  "unknown key": "The bearer token is signed with a key that its issuer does not have.",
  "bad signature": "The bearer token is not valid: its signature does not count.",
  "other audience": "The bearer token was issued for another audience.",
  expired: "The bearer token has expired.",
  "not yet valid": "The bearer token is not valid yet.",
  "no object id": "The bearer token does not say who its owner is: it has neither 'oid' nor 'sub'.",
};

function unauthorized(context: Context, issuer: string | undefined, error: LarderError): LarderError {
  const place = issuer ?? `https://${context.req.header("host") ?? "localhost"}/`;
  const challenge = `Bearer authorization="${place}", authorization_uri="${place}", error="invalid_token", error_description="${error.message}"`;
  context.header("www-authenticate", challenge.replaceAll(/[^\x20-\x7e]/g, ""));
  return error;
}
