/** `Microsoft.Cache/redis/accessPolicies`: what those who have a policy may do. The built-in ones are always there, and stay as they are. */
import {
  type AccessPolicyResource,
  type AccessState,
  cacheResourceId,
  checkPolicyName,
  LarderError,
  parseAccessPolicy,
} from "@larder/api";
import type { Context, Hono } from "hono";
import { findPolicy, isBuiltIn } from "../access/access-rules.ts";
import { AccessStanding } from "../access/access-standing.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { policiesOf } from "../documents/policy-users.ts";
import type { StoredDocument } from "../store/store.ts";
import { answerDelete, answerPut } from "./access-answer.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { readJsonBody } from "./json-body.ts";
import { pageOf } from "./paging.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";
import { pathValue } from "./request-path.ts";

const policies = `${oneCache}/accesspolicies`;
const onePolicy = `${policies}/:policy`;

export function accessPolicies(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const find = async (context: Context): Promise<StoredDocument<CacheDocument>> => {
    await api.groups.require(cachePlace(context).resourceGroup);
    return api.caches.require(cachePlace(context));
  };

  app.get(policies, async (context) => {
    const stored = await find(context);
    const show = policyBody(stored, api);
    const nameOf = ({ name }: { name: string }) => `${isBuiltIn(name) ? 0 : 1} ${name.toLowerCase()}`;
    const bodyOf = ({ name }: { name: string }) => show(name);
    return context.json(pageOf(context, policiesOf(stored.value.access), { nameOf, bodyOf }));
  });

  app.get(onePolicy, async (context) => context.json(policyBody(await find(context), api)(policyName(context))));

  app.put(onePolicy, async (context) => {
    await find(context);
    checkPolicyName(policyName(context));
    const permissions = parseAccessPolicy(await readJsonBody(context));
    const commanded = await api.access.putPolicy(cachePlace(context), policyName(context), permissions);
    return answerPut(context, api, commanded, () => policyBody(commanded.stored, api)(policyName(context)));
  });

  app.delete(onePolicy, async (context) => {
    await find(context);
    return answerDelete(context, api, await api.access.deletePolicy(cachePlace(context), policyName(context)));
  });
}

function policyName(context: Context): string {
  return pathValue(context, "policy");
}

/** By name. Throws ResourceNotFound. */
function policyBody(stored: StoredDocument<CacheDocument>, api: ApiContext): (name: string) => AccessPolicyResource {
  const cache = stored.value;
  const standing = new AccessStanding(stored, api);
  return (wanted) => {
    const policy = findPolicy(cache.access, wanted);
    if (policy === undefined)
      throw new LarderError("ResourceNotFound", `'${cache.name}' has no access policy '${wanted}'.`);
    const { name, permissions, generation } = { generation: 0, ...policy };
    return {
      id: `${cacheResourceId(cache)}/accessPolicies/${name}`,
      name,
      type: "Microsoft.Cache/Redis/accessPolicies",
      properties: {
        provisioningState: stateOf(standing, name, standing.isOnEngines(generation)),
        type: isBuiltIn(name) ? "BuiltIn" : "Custom",
        permissions,
      },
    };
  };
}

/** Of a policy, or of who has it. */
export function stateOf(standing: AccessStanding, policy: string, isInForce: boolean): AccessState {
  if (!isInForce) return "Updating";
  return standing.refusalOf(policy) === undefined ? "Succeeded" : "Failed";
}
