/** What agents say of their hosts → typed. Throws InvalidRequestBody or InvalidParameter with its target. */
import { isIP } from "node:net";
import { z } from "zod";
import { LarderError } from "./errors.ts";
import type { HostIntroduction, JoinRequest, RenewRequest } from "./host-protocol.ts";

const name = z
  .string("is required")
  .regex(/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/i, "must be a host's name: letters, digits, '-' and '.', at most 63");
const address = z.string("is required").refine((text) => isIP(text) !== 0, "must be an IP address");
const zone = z
  .string()
  .regex(/^[\w.-]{1,32}$/, "must be letters, digits, '-', '_' and '.', at most 32")
  .nullable();
const publicKeyPem = z.string("is required").max(1_024, "is too long");

const introduction = z.object({ hostId: z.string("is required").max(64), name, address, zone });
const join = z.object({ secret: z.string("is required").max(64), publicKeyPem, name, address, zone });
const renew = z.object({ publicKeyPem });

export function parseHostIntroduction(body: unknown): HostIntroduction {
  return parse(introduction, body);
}

export function parseJoinRequest(body: unknown): JoinRequest {
  return parse(join, body);
}

export function parseRenewRequest(body: unknown): RenewRequest {
  return parse(renew, body);
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const target = issue?.path.map(String).join(".") ?? "";
  if (target === "") throw new LarderError("InvalidRequestBody", "The request body must be a JSON object.");
  throw new LarderError("InvalidParameter", `'${target}' ${issue?.message ?? "is not valid"}.`, { target });
}
