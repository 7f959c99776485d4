import { expect, test } from "bun:test";
import { cacheFixture } from "../documents/cache-fixture.ts";
import { newCluster } from "./cluster-rules.ts";
import { changedDatabase, newDatabase } from "./database-rules.ts";

const place = { clusterId: "1", subscription: "sub", resourceGroup: "default", name: "shop" };
const cluster = newCluster(place, { location: "local", sku: { name: "Balanced_B1" } });

test("a database is updated in its cluster's windows", () => {
  const maintenanceWindows = (["Saturday", "Sunday"] as const).map((dayOfWeek) => ({
    type: "Weekly" as const,
    duration: "PT9H",
    startHourUtc: 20,
    schedule: { dayOfWeek },
  }));
  const patchSchedule = ["Saturday", "Sunday"].map((dayOfWeek) => ({
    dayOfWeek,
    startHourUtc: 20,
    maintenanceWindow: "PT9H",
  }));
  const database = newDatabase(cluster, {}, "2025-07-01");
  expect(database.patchSchedule).toEqual([]);
  const cache = { ...cacheFixture({ provider: "enterprise" }), settings: database.settings };
  expect(changedDatabase({ ...cluster, maintenanceWindows }, {}, cache)).toMatchObject({ patchSchedule });
});
