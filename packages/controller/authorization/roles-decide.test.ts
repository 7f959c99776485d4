/** What each role grants, as a table: one row an operation, one column a role. */
import { describe, expect, test } from "bun:test";
import type { Permission } from "@larder/api";
import type { Caller } from "../http/api-context.ts";
import { compilePermission, grants, matchesPattern } from "./action-pattern.ts";
import { Authorization } from "./authorization.ts";
import { builtInRoles } from "./built-in-roles.ts";
import { requestedAccess } from "./requested-access.ts";
import { RoleIndex } from "./role-index.ts";

const subscription = "5e0c";
const s = `/subscriptions/${subscription}`;
const web = `${s}/resourceGroups/web`;
const shop = `${web}/providers/Microsoft.Cache/redis/shop`;
const stocked = `${web}/providers/Microsoft.Cache/redis/stocked`;
const authored = { createdMs: 0, createdBy: "", updatedMs: 0, updatedBy: "" };

function permission(actions: string[], notActions: string[] = []): Permission {
  return { actions, notActions, dataActions: [], notDataActions: [] };
}

/** Who has which role where: a principal is called by the role's name in it. */
function service(...held: [principalId: string, role: string, scope: string][]) {
  const index = new RoleIndex();
  index.define({
    ...authored,
    roleId: "custom",
    roleName: "Keeper",
    description: "",
    permissions: [permission(["Microsoft.Cache/redis/*"], ["Microsoft.Cache/redis/delete", "*/listKeys/action"])],
    assignableScopes: [s],
  });
  for (const [number, [principalId, role, scope]] of held.entries()) {
    const roleId = builtInRoles.find(({ roleName }) => roleName === role)?.roleId ?? "custom";
    const principalType = "User" as const;
    const rest = { description: null, resourceId: null, principalType, ...authored };
    index.assign({ name: String(number), scope, roleId, principalId, ...rest });
  }
  return { index, authorization: new Authorization({ index, subscription }) };
}

function callerOf(objectId: string): Caller {
  return { kind: "principal", objectId, name: objectId };
}

const columns = [
  "Owner",
  "Contributor",
  "Reader",
  "User Access Administrator",
  "Redis Cache Contributor",
  "Keeper",
  "Larder Operator",
];
const rows: [method: string, path: string, whoMay: string][] = [
  ["GET", shop, "O C R U M K -"],
  ["PUT", shop, "O C - - M K -"],
  ["PATCH", shop, "O C - - M K -"],
  ["DELETE", shop, "O C - - M - -"],
  ["POST", `${shop}/listKeys`, "O C - - M - -"],
  ["POST", `${shop}/regenerateKey`, "O C - - M K -"],
  ["POST", `${shop}/flush`, "O C - - M K -"],
  ["POST", `${shop}/switchover`, "O C - - M K -"],
  ["POST", `${shop}/updates/start`, "O C - - M K -"],
  ["GET", `${shop}/firewallRules`, "O C R U M K -"],
  ["PUT", `${shop}/firewallRules/office`, "O C - - M K -"],
  ["PUT", `${shop}/accessPolicyAssignments/a`, "O C - - M K -"],
  ["GET", web, "O C R U M - -"],
  ["PUT", web, "O C - - - - -"],
  ["DELETE", web, "O C - - - - -"],
  ["POST", `${s}/providers/Microsoft.Cache/register`, "O C - - M - -"],
  ["POST", `${s}/providers/Microsoft.Cache/checkNameAvailability`, "O C - - - - -"],
  ["GET", `${shop}/providers/Microsoft.Authorization/roleAssignments`, "O C R U M - -"],
  ["PUT", `${shop}/providers/Microsoft.Authorization/roleAssignments/a`, "O - - U - - -"],
  ["DELETE", `${shop}/providers/Microsoft.Authorization/roleAssignments/a`, "O - - U - - -"],
  ["PUT", `${s}/providers/Microsoft.Authorization/roleDefinitions/a`, "O - - U - - -"],
  ["GET", `${s}/providers/Microsoft.Insights/eventtypes/management/values`, "O C R U - - -"],
  ["GET", "/metrics", "O C R U - - L"],
  ["GET", "/larder/hosts", "O C R U - - L"],
  ["POST", "/larder/hosts/tokens", "O - - - - - L"],
  ["POST", "/larder/hosts/a/drain", "O - - - - - L"],
  ["POST", "/larder/secrets/rotate", "O - - - - - L"],
  ["DELETE", "/larder/hosts/a", "O - - - - - L"],
  ["GET", "/larder/principals", "O C R U - - L"],
  ["POST", "/larder/principals", "O - - - - - -"],
  ["DELETE", "/larder/principals/a", "O - - - - - -"],
  ["POST", "/larder/principals/a/secrets", "O - - - - - -"],
  ["PUT", "/nobody/knows", "- - - - - - -"],
];

describe("on the subscription", () => {
  const { authorization } = service(...columns.map((role) => [role, role, s] as [string, string, string]));
  test.each(rows)("%s %s", (method, path, whoMay) => {
    const access = requestedAccess(method, path, subscription);
    const found = columns.map(
      (role) => access !== undefined && authorization.allows(callerOf(role), access.action, access.scope),
    );
    expect(found).toEqual(whoMay.split(" ").map((mark) => mark !== "-"));
  });
});

test("what is granted on a scope counts there and below, nowhere else", () => {
  const { authorization } = service(["a", "Owner", shop.toUpperCase()], ["b", "Owner", web]);
  const may = (who: string, method: string, path: string) => {
    const access = requestedAccess(method, path, subscription);
    return access !== undefined && authorization.decide(callerOf(who), access);
  };
  expect(may("a", "DELETE", shop)).toBe("allowed");
  expect(may("a", "GET", `${shop}/patchSchedules`)).toBe("allowed");
  expect(may("a", "GET", stocked)).toBe("refused");
  expect(may("a", "GET", `${shop}-2`)).toBe("refused");
  expect(may("a", "GET", web)).toBe("refused");
  expect(may("b", "GET", stocked)).toBe("allowed");
  expect(may("b", "GET", web.replace("web", "webshop"))).toBe("refused");
  expect(may("b", "DELETE", s)).toBe("refused");
  const other = web.replace(subscription, "other");
  expect(may("b", "GET", other)).toBe("refused");
  expect(may("b", "GET", `/subscriptions/other`)).toBe("refused");
});

test("a listing shows what may be read, to whoever has a role in it", () => {
  const { authorization } = service(["a", "Reader", shop]);
  const listing = (path: string) => {
    const access = requestedAccess("GET", path, subscription);
    return access && authorization.decide(callerOf("a"), access);
  };
  for (const path of [`${s}/providers/Microsoft.Cache/redis`, `${web}/resources`, "/subscriptions"])
    expect(listing(path)).toBe("listed");
  expect(listing(`${s}/resourceGroups/other/providers/Microsoft.Cache/redis`)).toBe("refused");
  expect(listing(`${stocked}/firewallRules`)).toBe("refused");
  expect(authorization.mayRead(callerOf("a"), shop)).toBe(true);
  expect(authorization.mayRead(callerOf("a"), stocked)).toBe(false);
  expect(authorization.mayRead(callerOf("a"), s)).toBe(true);
  expect(authorization.mayRead(callerOf("nobody"), s)).toBe(false);
});

test("one role's exception takes nothing from another role", () => {
  const { authorization } = service(["a", "Keeper", s], ["a", "Redis Cache Contributor", shop]);
  const listKeys = "microsoft.cache/redis/listkeys/action";
  expect(authorization.allows(callerOf("a"), listKeys, shop.toLowerCase())).toBe(true);
  expect(authorization.allows(callerOf("a"), listKeys, stocked.toLowerCase())).toBe(false);
});

test("what is taken back counts no more", () => {
  const { index, authorization } = service(["a", "Owner", s], ["a", "Reader", s]);
  index.unassign("0");
  expect(authorization.allows(callerOf("a"), "microsoft.cache/redis/write", shop.toLowerCase())).toBe(false);
  index.unassign("1");
  expect(index.hasRoleWithin("a", "/")).toBe(false);
});

test("a thousand assignments cost a decision nothing", () => {
  const held = Array.from(
    { length: 1_000 },
    (_, number) => ["a", "Reader", `${shop}${number}`] as [string, string, string],
  );
  const { authorization } = service(...held);
  const started = Bun.nanoseconds();
  for (let round = 0; round < 10_000; round++)
    expect(authorization.allows(callerOf("a"), "microsoft.cache/redis/read", `${shop}999`.toLowerCase())).toBe(true);
  expect((Bun.nanoseconds() - started) / 10_000).toBeLessThan(100_000);
});

test("patterns", () => {
  for (const [pattern, text, matches] of [
    ["*", "anything/read", true],
    ["*/read", "a/b/read", true],
    ["*/read", "a/b/reads", false],
    ["a/*/c", "a/b/b/c", true],
    ["a/*/c", "a/c", false],
    ["a*a", "aa", true],
    ["a*a", "a", false],
    ["", "", true],
    ["", "a", false],
  ] as const)
    expect(matchesPattern(pattern, text)).toBe(matches);
  expect(matchesPattern("*a".repeat(100), `${"a".repeat(2_000)}b`)).toBe(false);
  expect(grants(compilePermission(permission(["Microsoft.Cache/Redis/READ"])), "microsoft.cache/redis/read")).toBe(
    true,
  );
});
