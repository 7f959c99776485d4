/** The untrusted body of PUT on `Microsoft.Cache/redis/linkedServers`. */
import { z } from "zod";
import { choice, parseBody } from "./body-values.ts";

const cacheId = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Cache\/redis\/[^/]+$/i;

const linkedServer = z.object({
  properties: z.object(
    {
      linkedRedisCacheId: z.string("is required").regex(cacheId, "must be the resource id of a cache"),
      linkedRedisCacheLocation: z.string("is required"),
      serverRole: choice(["Primary", "Secondary"]),
    },
    "is required",
  ),
});

/** Throws InvalidRequestBody or InvalidParameter. */
export function parseLinkedServer(body: unknown): void {
  parseBody(linkedServer, body);
}
