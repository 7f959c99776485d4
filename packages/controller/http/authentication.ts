/** Who may call: whoever holds the administrator's token. */
import { createHash, timingSafeEqual } from "node:crypto";
import { LarderError } from "@larder/api";
import type { MiddlewareHandler } from "hono";
import type { ApiEnvironment, Caller } from "./api-context.ts";

const administrator: Caller = {
  kind: "administrator",
  objectId: "00000000-0000-0000-0000-000000000000",
  name: "administrator",
};

export function bearerAuthentication(token: string): MiddlewareHandler<ApiEnvironment> {
  const expected = digest(token);
  return async (context, next) => {
    const given = /^Bearer +(\S+)$/i.exec(context.req.header("authorization") ?? "")?.[1];
    if (given === undefined)
      throw new LarderError(
        "InvalidAuthenticationToken",
        "The request has no bearer token in its Authorization header.",
      );
    if (!timingSafeEqual(digest(given), expected))
      throw new LarderError("InvalidAuthenticationToken", "The bearer token is not valid.");
    context.set("caller", administrator);
    await next();
  };
}

/** Of equal length for every token, so that comparing tells nothing about the length either. */
function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
