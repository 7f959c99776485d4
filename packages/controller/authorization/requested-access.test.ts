import { expect, test } from "bun:test";
import { operationNames, shownAction } from "./operation-names.ts";
import { requestedAccess } from "./requested-access.ts";

const subscription = "5e0c";
const group = `/subscriptions/${subscription}/resourceGroups/Web`;
const cache = `${group}/providers/Microsoft.Cache/redis/Shop`;

function asked(method: string, path: string): string {
  const access = requestedAccess(method, path, subscription);
  if (access === undefined) return "nothing";
  return `${shownAction(access.action)} ${access.scope}${access.isListing ? " listing" : ""}`;
}

const [g, c] = [group.toLowerCase(), cache.toLowerCase()];

test.each([
  ["GET", cache, `Microsoft.Cache/redis/read ${c}`],
  ["HEAD", cache, `Microsoft.Cache/redis/read ${c}`],
  ["PUT", `${cache}/`, `Microsoft.Cache/redis/write ${c}`],
  ["PATCH", cache.toUpperCase(), `Microsoft.Cache/redis/write ${c}`],
  ["DELETE", cache, `Microsoft.Cache/redis/delete ${c}`],
  ["POST", `${cache}/listkeys`, `Microsoft.Cache/redis/listKeys/action ${c}`],
  ["POST", `${cache}/updates/start`, `Microsoft.Cache/redis/updates/start/action ${c}`],
  ["POST", `${cache}/backups/b1/restore`, `Microsoft.Cache/redis/backups/restore/action ${c}/backups/b1`],
  ["GET", `${cache}/patchSchedules`, `Microsoft.Cache/redis/patchSchedules/read ${c}`],
  ["GET", `${cache}/patchSchedules/default`, `Microsoft.Cache/redis/patchSchedules/read ${c}/patchschedules/default`],
  ["GET", cache.replace("/Shop", ""), `Microsoft.Cache/redis/read ${g} listing`],
  ["GET", `/subscriptions/${subscription}`, `Microsoft.Resources/subscriptions/read /subscriptions/5e0c`],
  ["GET", "/subscriptions", "Microsoft.Resources/subscriptions/read / listing"],
  ["POST", "/v1.0/directoryObjects/getByIds", "Larder.Service/principals/read /subscriptions/5e0c"],
  ["GET", "/V1.0/users", "Larder.Service/principals/read /subscriptions/5e0c"],
  ["DELETE", group, `Microsoft.Resources/subscriptions/resourceGroups/delete ${g}`],
  ["GET", `${group}/resources`, `Microsoft.Resources/subscriptions/resourceGroups/resources/read ${g} listing`],
  [
    "GET",
    `/subscriptions/${subscription}/providers/Microsoft.Cache`,
    "Microsoft.Resources/subscriptions/providers/read /subscriptions/5e0c/providers/microsoft.cache",
  ],
  [
    "POST",
    `/subscriptions/${subscription}/providers/Microsoft.Cache/register`,
    "Microsoft.Cache/register/action /subscriptions/5e0c",
  ],
  [
    "PUT",
    `${cache}/providers/Microsoft.Authorization/roleAssignments/a1`,
    `Microsoft.Authorization/roleAssignments/write ${c}`,
  ],
  ["GET", `${cache}/providers/Microsoft.Insights/metrics`, `microsoft.insights/metrics/read ${c}`],
  ["GET", "/metrics", "Larder.Service/metrics/read /subscriptions/5e0c"],
  ["GET", "/larder/hosts", "Larder.Service/hosts/read /subscriptions/5e0c"],
  ["POST", "/larder/hosts/tokens", "Larder.Service/hosts/tokens/action /subscriptions/5e0c"],
  ["DELETE", "/larder/hosts/h1", "Larder.Service/hosts/delete /subscriptions/5e0c/providers/larder.service/hosts/h1"],
])("%s %s", (method, path, expected) => {
  expect(asked(method, path)).toBe(expected);
});

test("names that look like parts of a path are names", () => {
  const named = cache.replace("Shop", "providers");
  expect(asked("POST", `${named}/listKeys`)).toBe(`Microsoft.Cache/redis/listKeys/action ${named.toLowerCase()}`);
  const inGroup = cache.replace("Web", "providers");
  expect(asked("GET", inGroup)).toBe(`Microsoft.Cache/redis/read ${inGroup.toLowerCase()}`);
});

test("two spellings are one scope, and a slash in a name makes no other", () => {
  expect(asked("GET", cache.replace("Shop", "%53hop"))).toBe(`Microsoft.Cache/redis/read ${c}`);
  const hidden = `${group}%2Fproviders%2FMicrosoft.Cache%2Fredis%2Fother`;
  expect(asked("DELETE", hidden)).toEndWith("web%2fproviders%2fmicrosoft.cache%2fredis%2fother");
});

test("what cannot be anything is nothing", () => {
  for (const path of ["/", "//", "/subscriptions//resourceGroups", ""]) expect(asked("GET", path)).toBe("nothing");
  expect(asked("BREW", cache)).toBe("nothing");
});

test("operations have one name each", () => {
  const lower = operationNames.map((name) => name.toLowerCase());
  expect(new Set(lower).size).toBe(lower.length);
});
