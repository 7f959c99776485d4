/** The rest of `Microsoft.Cache/redisEnterprise`: what Azure's API has there and Larder does not have yet. */
import { LarderError } from "@larder/api";
import type { Context, Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { clusterPlace, oneCluster } from "./enterprise-paths.ts";

const collections = ["migrations", "unlinkMigratedEndpoint"];

export function enterpriseUnbuilt(app: Hono<ApiEnvironment>, api: ApiContext): void {
  for (const collection of collections) {
    const refuse = async (context: Context) => {
      await api.clusters.require(await clusterPlace(context, api));
      const text = `Larder does not have '${collection}' of a cluster yet.`;
      throw new LarderError("OperationNotSupported", text, { target: collection });
    };
    for (const path of ["", "/:child", "/:child/:action"])
      app.all(`${oneCluster}/${collection.toLowerCase()}${path}`, refuse);
  }
}
