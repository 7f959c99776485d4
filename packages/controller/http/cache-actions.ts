/**
 * Actions on a cache: `forceReboot` and `flush` as Azure has them, `switchover` of Larder's own. A database of
 * `Microsoft.Cache/redisEnterprise` is rebooted in the same way, which Azure does not have there.
 *
 * A flush has been done when it is answered. It is answered as a long-running operation all the same, one that has ended:
 * clients that poll expect one.
 */
import { parseReboot } from "@larder/api";
import { beneathCaches } from "./cache-roots.ts";
import { readJsonBody } from "./json-body.ts";

export const cacheActions = beneathCaches((app, api, root) => {
  app.post(`${root.path}/forcereboot`, async (context) => {
    const place = await root.place(context, api);
    await api.actions.reboot(place, parseReboot(await readJsonBody(context)));
    return context.json({ message: `The reboot of '${place.name}' has begun.` });
  });

  app.post(`${root.path}/switchover`, async (context) => {
    const place = await root.place(context, api);
    await api.actions.switchOver(place);
    return context.json({ message: `A replica of '${place.name}' takes over as the primary.` }, 202);
  });

  app.post(`${root.path}/flush`, async (context) => {
    const place = await root.place(context, api);
    root.refuseFlush?.(await readJsonBody(context), place);
    return root.accepted(context, place, await api.actions.flush(place));
  });
});
