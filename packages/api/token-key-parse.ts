/** A gateway's question for a token's key → typed. What is in it a client has said. Throws InvalidRequestBody. */
import { z } from "zod";
import { LarderError } from "./errors.ts";
import type { TokenKeyQuestion } from "./gateway-protocol.ts";

const text = z.string().max(16 * 1024);
const question = z.object({ issuer: text, keyId: text });

export function parseTokenKeyQuestion(body: unknown): TokenKeyQuestion {
  const result = question.safeParse(body);
  if (result.success) return result.data;
  throw new LarderError("InvalidRequestBody", "The request body must name an issuer and a key.");
}
