/** `checkNameAvailability`: 200 with nothing in it for a name that is valid and free, an error otherwise. */
import { cacheNameProblem, clusterNameProblem, LarderError } from "@larder/api";
import type { Hono } from "hono";
import { nameTaken } from "../caches/cache-refusals.ts";
import { clusterKey } from "../documents/document-keys.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { readJsonBody } from "./json-body.ts";

/** By type. Both kinds of caches share their names; they become host names in one domain. */
const nameProblems = new Map<string, (name: string) => string | undefined>([
  ["microsoft.cache/redis", cacheNameProblem],
  ["microsoft.cache/redisenterprise", clusterNameProblem],
]);

export function nameAvailability(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.post(
    "/subscriptions/:subscription/providers/microsoft.cache/checknameavailability",
    requireResourcesVersion,
    async (context) => {
      const { name, type } = ((await readJsonBody(context)) ?? {}) as { name?: unknown; type?: unknown };
      const nameProblem = typeof type === "string" ? nameProblems.get(type.toLowerCase()) : undefined;
      if (nameProblem === undefined)
        throw new LarderError(
          "InvalidParameter",
          "'type' must be Microsoft.Cache/redis or Microsoft.Cache/redisEnterprise.",
          {
            target: "type",
          },
        );
      if (typeof name !== "string")
        throw new LarderError("InvalidParameter", "'name' is required.", { target: "name" });
      const problem = nameProblem(name);
      if (problem !== undefined)
        throw new LarderError("InvalidResourceName", `The cache name ${problem}.`, { target: "name" });
      if ((await api.caches.find(name)) || (await api.store.get(clusterKey(name)))) throw nameTaken(name);
      return context.body(null, 200);
    },
  );
}
