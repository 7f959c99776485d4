/** Untrusted tags of a resource: alone, and as `Microsoft.Resources/tags/default` has them. */
import { z } from "zod";
import { choice, parseBody } from "./body-values.ts";

/** As the service has them. */
const tagCountMax = 50;
const tagNameCharactersMax = 512;
const tagValueCharactersMax = 256;

const tagValue = z.union([z.string(), z.number(), z.boolean()], "must be a string").transform(String);

/** Numbers and booleans count as text. */
export const tagsSchema = z
  .record(
    z
      .string()
      .min(1, "must have a name")
      .max(tagNameCharactersMax, `must have at most ${tagNameCharactersMax} characters`),
    tagValue.refine(
      (value) => value.length <= tagValueCharactersMax,
      `must have at most ${tagValueCharactersMax} characters`,
    ),
    "must be an object of strings",
  )
  .refine((given) => Object.keys(given).length <= tagCountMax, `may have at most ${tagCountMax} entries`);

export interface TagsPatch {
  operation: "Merge" | "Replace" | "Delete";
  tags: Record<string, string>;
}

const tagsBody = z.object({ properties: z.object({ tags: tagsSchema.optional() }, "is required") });
const tagsPatch = tagsBody.extend({ operation: choice(["Merge", "Replace", "Delete"]) });

/** Throws InvalidRequestBody or InvalidParameter. */
export function parseTags(body: unknown): Record<string, string> {
  return (parseBody(tagsBody, body) as z.output<typeof tagsBody>).properties.tags ?? {};
}

/** Throws InvalidRequestBody or InvalidParameter. */
export function parseTagsPatch(body: unknown): TagsPatch {
  const { operation, properties } = parseBody(tagsPatch, body) as z.output<typeof tagsPatch>;
  return { operation, tags: properties.tags ?? {} };
}
