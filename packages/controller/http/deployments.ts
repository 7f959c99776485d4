/** `Microsoft.Resources/deployments` and templates: Larder has none, and says so to who deploys, validates or exports one. */
import { LarderError } from "@larder/api";
import type { Context, Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { pathValue } from "./request-path.ts";

const group = "/subscriptions/:subscription/resourcegroups/:group";
const scopes = ["/subscriptions/:subscription", group];

export function deploymentRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const inScope = async (context: Context) => {
    const name = pathValue(context, "group");
    if (name !== "") await api.groups.require(name);
  };
  const refuse = (what: string) => async (context: Context) => {
    await inScope(context);
    const text = `Larder has no ${what}: create, change and delete resources one by one.`;
    throw new LarderError("OperationNotSupported", text);
  };
  for (const scope of scopes) {
    const deployments = `${scope}/providers/microsoft.resources/deployments`;
    app.get(deployments, requireResourcesVersion, async (context) => {
      await inScope(context);
      return context.json({ value: [] });
    });
    app.get(`${deployments}/:deployment`, requireResourcesVersion, async (context) => {
      await inScope(context);
      throw new LarderError("ResourceNotFound", `Deployment '${pathValue(context, "deployment")}' could not be found.`);
    });
    app.put(`${deployments}/:deployment`, requireResourcesVersion, refuse("deployments of templates"));
    for (const action of ["validate", "whatif"])
      app.post(`${deployments}/:deployment/${action}`, requireResourcesVersion, refuse("deployments of templates"));
  }
  app.post(`${group}/exporttemplate`, requireResourcesVersion, refuse("templates of what a group has"));
}
