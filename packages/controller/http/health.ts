/** `GET /health`, open to everybody: that the API answers, and how many agents and gateways are connected. */
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";

export function health(app: Hono<ApiEnvironment>, { observations }: ApiContext): void {
  app.get("/health", (context) =>
    context.json({
      status: "ok",
      agents: observations.agentReports().length,
      gateways: observations.gateways.connectedReports().length,
    }),
  );
}
