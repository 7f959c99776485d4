/** Bodies about principals → typed. Throws InvalidRequestBody or InvalidParameter with its target. */
import { z } from "zod";
import { choice, parseBody, wholeNumber } from "./body-values.ts";
import { LarderError } from "./errors.ts";
import {
  type PasswordBody,
  type PrincipalCreateBody,
  principalLimits,
  type SecretCreateBody,
} from "./principal-protocol.ts";

const { passwordLengthMin, passwordLengthMax, secretDaysDefault, secretDaysMax } = principalLimits;

const name = z
  .string("is required")
  .regex(
    /^[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?$/i,
    "must be letters, digits, '.', '_', '@' and '-', at most 64, with a letter or digit at each end",
  );
const displayName = z
  .string("must be text")
  .max(128, "must not be longer than 128 characters")
  .regex(/^[^\p{C}]*$/u, "must not have control characters");
const password = z
  .string("is required")
  .min(passwordLengthMin, `must have at least ${passwordLengthMin} characters`)
  .max(passwordLengthMax, `must have at most ${passwordLengthMax} characters`);
const secretDays = wholeNumber
  .refine((days) => days >= 1 && days <= secretDaysMax, `must be from 1 to ${secretDaysMax}`)
  .default(secretDaysDefault);

const principal = z.object({
  kind: choice(["application", "user"]),
  name,
  displayName: displayName.optional(),
  password: password.optional(),
  secretDays,
});
/** As many as Graph takes. */
const directoryIds = z.object({ ids: z.array(z.string("must be text"), "must be a list of ids").max(1_000) });
const secret = z.object({ secretDays, replace: z.boolean("must be true or false").default(false) });

export type ParsedPrincipal = Required<Omit<PrincipalCreateBody, "password">> & { password: string | null };

export function parsePrincipalCreate(body: unknown): ParsedPrincipal {
  const given = parseBody(principal, body) as z.infer<typeof principal>;
  const isUser = given.kind === "user";
  if (isUser && given.password === undefined)
    throw new LarderError("InvalidParameter", "A user needs a 'password'.", { target: "password" });
  if (!isUser && given.password !== undefined)
    throw new LarderError("InvalidParameter", "An application has secrets, which are made for it, and no 'password'.", {
      target: "password",
    });
  return { ...given, displayName: given.displayName ?? given.name, password: given.password ?? null };
}

/** An empty body asks for what is usual. */
export function parseSecretCreate(body: unknown): Required<SecretCreateBody> {
  return parseBody(secret, body ?? {}) as z.infer<typeof secret>;
}

export function parsePassword(body: unknown): PasswordBody {
  return parseBody(z.object({ password }), body) as PasswordBody;
}

/** Of the call of Microsoft Graph by which principals are looked up. */
export function parseDirectoryIds(body: unknown): string[] {
  return (parseBody(directoryIds, body) as { ids: string[] }).ids;
}
