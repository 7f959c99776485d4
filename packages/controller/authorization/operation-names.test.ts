import { expect, test } from "bun:test";
import type { ApiContext } from "../http/api-context.ts";
import { managementApi } from "../http/app.ts";
import { operationNames } from "./operation-names.ts";
import { requestedAccess } from "./requested-access.ts";

/** Handlers ask for it beside what the path says. */
const approval = "/privateendpointconnectionsapproval/action";
const open = ["/health", "/metadata/endpoints"];

/** Whatever routes want of the service when they are made. */
const text = () => "s";
const anything: unknown = new Proxy(text, {
  get: (_, key) => (key === Symbol.toPrimitive ? text : anything),
  apply: () => anything,
});

const routes = managementApi(anything as ApiContext).routes.filter(
  ({ path }) => !open.includes(path) && !path.includes("*"),
);

function actionOf(method: string, path: string): string | undefined {
  const called = path.replace(":namespace/", "microsoft.cache/").replaceAll(":", "a-");
  return requestedAccess(method, called, "s")?.action;
}

test("every route has its operation in the table", () => {
  const table = new Set(operationNames.map((name) => name.toLowerCase()));
  const named = routes.filter(({ method }) => method !== "ALL" && method !== "OPTIONS");
  expect(named.map(({ method, path }) => actionOf(method, path)).filter((action) => !table.has(action ?? ""))).toEqual(
    [],
  );
});

test("every operation in the table has a route", () => {
  const methods = ["GET", "PUT", "DELETE", "POST"];
  const routed = new Set(
    routes.flatMap(({ method, path }) => (method === "ALL" ? methods : [method]).map((each) => actionOf(each, path))),
  );
  expect(
    operationNames.map((name) => name.toLowerCase()).filter((name) => !routed.has(name) && !name.endsWith(approval)),
  ).toEqual([]);
});
