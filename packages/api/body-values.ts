/** What bodies of the management API are made of, as sloppy clients write it: enumerations in any case, numbers as strings. */
import { z } from "zod";
import { LarderError } from "./errors.ts";

export function choice<const T extends string>(values: readonly T[]) {
  return z.string(`must be one of ${values.join(", ")}`).transform((given, context) => {
    const value = values.find((candidate) => candidate.toLowerCase() === given.toLowerCase());
    if (value !== undefined) return value;
    context.addIssue(`must be one of ${values.join(", ")}, not '${given}'`);
    return z.NEVER;
  });
}

export const wholeNumber = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], "must be a whole number")
  .pipe(z.int("must be a whole number").nonnegative("must not be negative"));

/** Booleans and numbers arrive bare from some clients; the service keeps every one of these as text. */
export const setting = z.union([z.string(), z.number(), z.boolean()], "must be a string").transform(String);

/**
 * The body by its schema, where null is "not given". Throws InvalidRequestBody or InvalidParameter with its target, and
 * what `judge` throws of the body as it came.
 */
export function parseBody(
  schema: z.ZodType,
  body: unknown,
  judge: (given: Record<string, unknown>) => void = () => {},
): unknown {
  if (!isRecord(body)) throw new LarderError("InvalidRequestBody", "The request body must be a JSON object.");
  const given = withoutNulls(body);
  judge(given);
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const target = issue?.path.map(String).join(".") ?? "";
  throw new LarderError("InvalidParameter", `'${target}' ${issue?.message ?? "is not valid"}.`, { target });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withoutNulls(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, isRecord(inner) ? withoutNulls(inner) : inner]),
  );
}
