/** What is sealed on disk: `POST /larder/secrets/rotate`. Larder's own path, not Azure's. */
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";

export function secretsRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.post("/larder/secrets/rotate", async (context) => context.json(await api.secrets.rotate()));
}
