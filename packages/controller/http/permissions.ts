/** `GET {scope}/providers/Microsoft.Authorization/permissions`: what the caller may do there, role by role. */
import type { Hono } from "hono";
import { builtInRoles } from "../authorization/built-in-roles.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { rolePaths, roleScope } from "./role-paths.ts";

export function permissions(app: Hono<ApiEnvironment>, api: ApiContext): void {
  for (const path of rolePaths)
    app.get(`${path}/permissions`, requireResourcesVersion, (context) => {
      const { kind, objectId } = context.get("caller");
      const owner = builtInRoles[0]?.permissions ?? [];
      const value =
        kind === "administrator" ? owner : api.roles.permissionsOf(objectId, roleScope(context).toLowerCase());
      return context.json({ value });
    });
}
