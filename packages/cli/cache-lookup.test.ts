/** Whose databases are asked for, and what becomes of those that may not be read. */
import { expect, test } from "bun:test";
import { ManagementClient } from "@larder/api/management-client";
import { findResource, listCaches } from "./cache-lookup.ts";

const clusterIds = ["web", "theirs"].map(
  (name) => `/subscriptions/S/resourceGroups/default/x/y/redisEnterprise/${name}`,
);
const clusters = clusterIds.map((id) => ({ id, name: id.split("/").at(-1), properties: {} }));
const notAllowed = { error: { code: "AuthorizationFailed", message: "not authorized to read databases" } };

/** May read the clusters, and of the databases only web's. */
function fixture() {
  const asked: string[] = [];
  const client = new ManagementClient({
    api: "https://localhost:1",
    token: "secret",
    subscription: "S",
    async fetch(url) {
      const path = new URL(url).pathname;
      if (path.endsWith("/redis")) return Response.json({ value: [] });
      if (path.endsWith("/redisEnterprise")) return Response.json({ value: clusters });
      asked.push(path.split("/").slice(-2).join("/"));
      return path.includes("/theirs/") ? Response.json(notAllowed, { status: 403 }) : Response.json({ value: [] });
    },
  });
  return { client, asked };
}

test("of one cluster alone its database is asked for", async () => {
  const { client, asked } = fixture();
  expect(await findResource(client, "WEB")).toMatchObject({ name: "web", type: "cluster" });
  await expect(findResource(client, "none")).rejects.toThrow("There is no cache named none.");
  expect(asked).toEqual(["web/databases"]);
});

test("who may not read a cluster's database does not see that cluster in lists, and is told where it is named", async () => {
  const { client } = fixture();
  expect((await listCaches(client)).map(({ name }) => name)).toEqual(["web"]);
  await expect(findResource(client, "theirs")).rejects.toThrow("not authorized to read databases");
});
