import { expect, test } from "bun:test";
import { cacheFixture } from "../documents/cache-fixture.ts";
import { deriveNetwork } from "./derive-network.ts";

test("a network that its operator has written in two ways is one", () => {
  const cache = cacheFixture();
  const connection = { name: "a", endpointId: "/a", status: "Approved" as const, description: "" };
  const privateConnections = ["Office", "office", "lab"].map((network) => ({ ...connection, network }));
  const { privateNetworks } = deriveNetwork({ ...cache, access: { ...cache.access, privateConnections } });
  expect(privateNetworks).toEqual(["lab", "office"]);
});
