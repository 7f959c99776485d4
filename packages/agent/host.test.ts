import { expect, test } from "bun:test";
import { cgroupLimitFiles } from "./host.ts";

test("limits of control groups are looked for in the group and above it", () => {
  expect(cgroupLimitFiles("0::/a/b\n")).toEqual([
    "/sys/fs/cgroup/a/b/memory.max",
    "/sys/fs/cgroup/a/memory.max",
    "/sys/fs/cgroup/memory.max",
  ]);
  expect(cgroupLimitFiles("5:cpu,cpuacct:/x\n4:memory:/x\n")).toEqual([
    "/sys/fs/cgroup/memory/x/memory.limit_in_bytes",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
  ]);
  expect(cgroupLimitFiles("")).toEqual([]);
});
