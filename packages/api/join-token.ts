/**
 * The text that lets one host join: "larder-join.SECRET.PIN". The secret is what the controller asks for; the pin is the
 * SHA-256 of the nodes' authority (its certificate's DER), by which the agent knows the controller before it tells the
 * secret. Both are base64url of 32 bytes.
 */
import { LarderError } from "./errors.ts";

const pattern = /^larder-join\.([\w-]{43})\.([\w-]{43})$/;

export function formatJoinToken({ secret, pin }: { secret: Uint8Array; pin: Uint8Array }): string {
  return ["larder-join", secret, pin]
    .map((part) => (typeof part === "string" ? part : Buffer.from(part).toString("base64url")))
    .join(".");
}

/** Throws JoinRefused; what was given is not repeated, as it may be most of a token. */
export function parseJoinToken(text: string): { secret: string; pin: string } {
  const match = pattern.exec(text.trim());
  if (match?.[1] === undefined || match[2] === undefined)
    throw new LarderError("JoinRefused", "This is not a join token: `larder host add` on the controller prints one.");
  return { secret: match[1], pin: match[2] };
}
