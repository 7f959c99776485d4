/** What the page /live shows, and the switch on it. */
import { sse } from "@larder/client/messaging";
import express, { Router } from "express";
import type { CacheSwitch } from "../live/cache-switch.ts";
import type { Measurements } from "../live/measurements.ts";
import { livePage } from "../pages/live.ts";

export interface LiveParts {
  cacheSwitch: CacheSwitch;
  measurements: Measurements;
}

export function liveRoutes({ cacheSwitch, measurements }: LiveParts): { routes: Router; close: () => void } {
  const routes = Router();
  const bridge = sse(measurements.channel);

  routes.get("/live", (_request, response) => {
    response.send(livePage());
  });
  routes.get("/live/events", bridge.node);
  routes.get("/live/totals", (_request, response) => {
    response.set("cache-control", "no-store").json({ ...measurements.totals(), isCacheOn: cacheSwitch.isOn });
  });
  // Anybody may turn it: a real shop would keep this page for itself. Another site's page cannot send a PUT without leave.
  routes.put("/live/cache", express.json(), async (request, response) => {
    await cacheSwitch.turn(request.body?.isOn === true);
    response.status(204).end();
  });

  return { routes, close: () => bridge.close() };
}
