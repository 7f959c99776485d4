/**
 * Children of what private endpoints connect to: `privateEndpointConnections`, by which its owner approves and rejects them, and
 * `privateLinkResources`. A change is in force, for connections that are there too, when it is answered; PUT is answered as a
 * long-running operation that has ended, as clients expect one.
 */
import { type PrivateEndpointConnection, type PrivateLinkResource, parseConnectionAnswer } from "@larder/api";
import type { Context, Hono } from "hono";
import type { Place } from "../caches/caches.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { operationKey } from "../documents/document-keys.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import { refuseGoing } from "../network/going-cache.ts";
import { connectionOf, requireConnection, withAnswer, withoutConnection } from "../network/private-connections.ts";
import type { PrivateLinkParent } from "../network/private-link-parent.ts";
import type { StoredDocument } from "../store/store.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { readJsonBody } from "./json-body.ts";
import { operationUrl } from "./operations.ts";
import { connectionBodies, connectionBody } from "./private-link-body.ts";
import { ownUrl, pathValue } from "./request-path.ts";
import { servedByGateways } from "./served-by-gateways.ts";

/** For a type of parent: `oneParent` is the path of one, with `:subscription`, `:group` and `:name`. */
export function privateLink(oneParent: string, parent: PrivateLinkParent) {
  const connections = privateEndpointConnections(oneParent, parent);
  const resources = privateLinkResources(oneParent, parent);
  return (app: Hono<ApiEnvironment>, api: ApiContext): void => {
    connections(app, api);
    resources(app, api);
  };
}

function privateEndpointConnections(oneParent: string, parent: PrivateLinkParent) {
  const all = `${oneParent}/privateendpointconnections`;
  const one = `${all}/:connection`;
  return (app: Hono<ApiEnvironment>, api: ApiContext): void => {
    const find = (context: Context) => findParent(context, parent, api);

    app.get(all, async (context) => {
      const { value: cache } = await find(context);
      return context.json({ value: connectionBodies(cache, parent, api) });
    });

    app.get(one, async (context) => {
      const { value: cache } = await find(context);
      return context.json(connectionBody(cache, requireConnection(cache, named(context)), parent, api));
    });

    app.put(one, async (context) => {
      const { value: before } = await find(context);
      const name = named(context);
      requireConnection(before, name);
      const answer = parseConnectionAnswer(await readJsonBody(context));
      const operation = newOperation(before, api);
      const stored = await api.actions.change(before, (cache) => {
        refuseGoing(cache);
        const put = [{ key: operationKey(operation.operationId), value: operation }];
        return { cache: withAnswer(cache, name, answer), beside: { put } };
      });
      await servedByGateways(stored, api);
      context.header("azure-asyncoperation", operationUrl(context, operation, parent.statusForm));
      context.header("location", ownUrl(context));
      context.header("retry-after", "1");
      const body: PrivateEndpointConnection = connectionBody(
        stored.value,
        requireConnection(stored.value, name),
        parent,
        api,
      );
      return context.json(body, 201);
    });

    app.delete(one, async (context) => {
      const { value: before } = await find(context);
      const name = named(context);
      if (connectionOf(before, name) === undefined) return context.body(null, 204);
      const stored = await api.actions.change(before, (cache) => ({ cache: withoutConnection(cache, name) }));
      await servedByGateways(stored, api);
      return context.body(null, 200);
    });
  };
}

function privateLinkResources(oneParent: string, parent: PrivateLinkParent) {
  return (app: Hono<ApiEnvironment>, api: ApiContext): void => {
    app.get(`${oneParent}/privatelinkresources`, async (context) => {
      const { value: cache } = await findParent(context, parent, api);
      const { groupId, resourceType } = parent;
      const resource: PrivateLinkResource = {
        id: `${parent.idOf(cache)}/privateLinkResources/${groupId}`,
        name: groupId,
        type: `${resourceType}/privateLinkResources`,
        // Inside a private network the cache has the name that it has everywhere.
        properties: { groupId, requiredMembers: [groupId], requiredZoneNames: [api.domain] },
      };
      return context.json({ value: [resource] });
    });
  };
}

async function findParent(
  context: Context,
  parent: PrivateLinkParent,
  api: ApiContext,
): Promise<StoredDocument<CacheDocument>> {
  const place: Place = {
    subscription: pathValue(context, "subscription"),
    resourceGroup: pathValue(context, "group"),
    name: pathValue(context, "name"),
  };
  await api.groups.require(place.resourceGroup);
  return parent.require(api.caches, place);
}

function named(context: Context): string {
  return pathValue(context, "connection");
}

/** It has ended when it can be asked for. */
function newOperation({ subscription, location }: CacheDocument, { clock, randomness }: ApiContext): OperationDocument {
  const nowMs = clock.nowMs();
  const operationId = randomness.uuid();
  return { operationId, kind: "access", subscription, location, startMs: nowMs, endMs: nowMs, error: null };
}
