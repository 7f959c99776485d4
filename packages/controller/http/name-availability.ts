/** `checkNameAvailability`: 200 with nothing in it for a name that is valid and free, an error otherwise. */
import { cacheNameProblem, LarderError } from "@larder/api";
import type { Hono } from "hono";
import { nameTaken } from "../caches/caches.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireRedisVersion } from "./api-versions.ts";
import { readJsonBody } from "./json-body.ts";

export function nameAvailability(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.post(
    "/subscriptions/:subscription/providers/microsoft.cache/checknameavailability",
    requireRedisVersion,
    async (context) => {
      const { name, type } = ((await readJsonBody(context)) ?? {}) as { name?: unknown; type?: unknown };
      if (typeof type !== "string" || type.toLowerCase() !== "microsoft.cache/redis")
        throw new LarderError("InvalidParameter", "'type' must be Microsoft.Cache/redis.", { target: "type" });
      if (typeof name !== "string")
        throw new LarderError("InvalidParameter", "'name' is required.", { target: "name" });
      const problem = cacheNameProblem(name);
      if (problem !== undefined)
        throw new LarderError("InvalidResourceName", `The cache name ${problem}.`, { target: "name" });
      if ((await api.caches.find(name)) !== undefined) throw nameTaken(name);
      return context.body(null, 200);
    },
  );
}
