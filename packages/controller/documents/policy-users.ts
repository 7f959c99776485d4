/**
 * Access policies as engines and gateways know them: one user of the engine for each policy, as whom the gateway speaks for everybody
 * who has it. Nobody else knows its password.
 *
 * Its rules are what the policy says, then what every user of the service is denied. Only taken away is behind what the policy says:
 * nothing that it does not give comes back, but for one channel that nobody else has to do with. Redis 7.0 or Valkey 7.2 and later; one
 * text for all of them, so it has no command that the oldest does not know. Tried on Redis 7.0.15, Valkey 8.0.1 and Valkey 9.1.
 *
 * Once a cache had any policy or assignment, the built-in policies' users are on its engines whether or not somebody has them: who is
 * given another policy goes on as a user that is there.
 */
import { createHmac } from "node:crypto";
import { type EngineUser, hasChannels, parsePermissions, type RouteUser, waitChannel } from "@larder/api";
import type { CacheAccess } from "./cache-access.ts";
import type { CacheDocument } from "./cache-document.ts";

/** As Azure has them. */
export const builtInPolicies = [
  { name: "Data Owner", permissions: "+@all allkeys" },
  { name: "Data Contributor", permissions: "+@all -@dangerous +cluster|info +cluster|nodes +cluster|slots allkeys" },
  { name: "Data Reader", permissions: "+@read +@connection +cluster|info +cluster|nodes +cluster|slots allkeys" },
] as const;

const deny = (command: string, subcommands: string) =>
  subcommands.split(" ").map((subcommand) => `-${command}|${subcommand}`);

/** Whatever a holder of an access key may not do, either (engine-users.ts). */
const denied = [
  "-acl -asking -bgrewriteaof -bgsave -config -debug -failover -lastsave -migrate -module -pfdebug -pfselftest -psync",
  "-replconf -replicaof -restore-asking -save -shutdown -slaveof -sync",
  ...deny("client", "no-evict pause unpause"),
  ...deny(
    "cluster",
    "addslots addslotsrange bumpepoch delslots delslotsrange failover flushslots forget meet replicate",
  ),
  ...deny("cluster", "reset saveconfig set-config-epoch setslot"),
  ...deny("script", "debug"),
].join(" ");

/** Apart from all that, as else WAIT would have nothing to wait for. */
const forWait = `(+publish &${waitChannel})`;

/** What an engine is told of a policy. `permissions` have been taken apart before; else it throws InvalidParameter. */
export function policyRules(permissions: string): string {
  const tokens = parsePermissions(permissions);
  const said = tokens.map(({ text }) => text).join(" ");
  return `${said}${hasChannels(tokens) ? "" : " &*"} ${denied} ${forWait}`;
}

/** Names of policies have letters, digits, hyphens and spaces. */
export function policyUserName(policyName: string): string {
  return `policy-${policyName.toLowerCase().replaceAll(" ", "_")}`;
}

/** The built-in ones and the cache's own. */
export function policiesOf(access: CacheAccess): { name: string; permissions: string }[] {
  return [...builtInPolicies, ...access.policies];
}

export function policyUsers(cache: CacheDocument): EngineUser[] {
  if (cache.access.generation === 0) return [];
  return policiesOf(cache.access).map(({ name, permissions }) => ({
    name: policyUserName(name),
    password: passwordOf(cache, policyUserName(name)),
    rules: policyRules(permissions),
  }));
}

/** Those who may log in with a token. O(assignments). */
export function tokenUsers(cache: CacheDocument): RouteUser[] {
  if (!takesTokens(cache)) return [];
  const engineUsers = new Map<string, Pick<RouteUser, "engineUser" | "enginePassword">>();
  return cache.access.assignments.map(({ alias, objectId, policyName }) => {
    const engineUser = engineUsers.get(policyName) ?? engineUserOf(cache, policyName);
    engineUsers.set(policyName, engineUser);
    return { name: alias, needsPassword: true, passwordSha256: [], objectId, ...engineUser };
  });
}

function engineUserOf(cache: CacheDocument, policyName: string): Pick<RouteUser, "engineUser" | "enginePassword"> {
  const engineUser = policyUserName(policyName);
  return { engineUser, enginePassword: passwordOf(cache, engineUser) };
}

export function takesTokens({ settings }: Pick<CacheDocument, "settings">): boolean {
  return settings.redisConfiguration["aad-enabled"] === "true";
}

/** No secret more in the store: whoever has the key's password may do as much as any policy. */
function passwordOf({ enginePasswords }: CacheDocument, userName: string): string {
  return createHmac("sha256", enginePasswords.app).update(userName).digest("hex");
}
