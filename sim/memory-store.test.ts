import { describeStore } from "../packages/controller/store/store-contract.ts";
import { MemoryDisk, MemoryStore } from "./memory-store.ts";

describeStore("MemoryStore", async () => {
  const disk = new MemoryDisk();
  const open = () => new MemoryStore(disk, async () => {});
  return { store: open(), reopen: async () => open(), remove: async () => {} };
});
