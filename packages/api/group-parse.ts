/** Untrusted bodies of PUT and PATCH on a resource group. */
import { z } from "zod";
import { parseBody } from "./body-values.ts";
import { tagsSchema } from "./tags-parse.ts";

const group = z.object({
  location: z.string("is required").regex(/^[\w .-]{1,64}$/, "must be the name of a location"),
  tags: tagsSchema.optional(),
});
const groupUpdate = z.object({ tags: tagsSchema.optional() });

/** Throws InvalidRequestBody or InvalidParameter. */
export function parseGroup(body: unknown): z.output<typeof group> {
  return parseBody(group, body) as z.output<typeof group>;
}

/** Throws InvalidRequestBody or InvalidParameter. */
export function parseGroupUpdate(body: unknown): z.output<typeof groupUpdate> {
  return parseBody(groupUpdate, body) as z.output<typeof groupUpdate>;
}
