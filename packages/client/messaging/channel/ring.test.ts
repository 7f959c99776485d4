import { expect, test } from "bun:test";
import { Entry } from "./entry.ts";
import { Ring } from "./ring.ts";

function ringOf(ids: (string | null)[], bounds = { entriesMax: 4, bytesMax: 1_000 }): Ring {
  const ring = new Ring(bounds, "0-0");
  for (const id of ids) ring.push(new Entry(id, null, Buffer.alloc(100)));
  return ring;
}

const idsAfter = (ring: Ring, id: string) => {
  const place = ring.placeAfter(id);
  return place === undefined
    ? undefined
    : Array.from({ length: ring.end - place }, (_, index) => ring.at(place + index)?.id);
};

test("what comes after a message, whether it is that one or one between", () => {
  const ring = ringOf(["1-0", "1-1", "9-0"]);
  expect(idsAfter(ring, "0-0")).toEqual(["1-0", "1-1", "9-0"]);
  expect(idsAfter(ring, "1-0")).toEqual(["1-1", "9-0"]);
  expect(idsAfter(ring, "5-0")).toEqual(["9-0"]);
  expect(idsAfter(ring, "9-0")).toEqual([]);
  expect(idsAfter(ring, "10-0")).toBe(undefined);
});

test("the oldest go, by number and by bytes; who stands before them is not served", () => {
  const byNumber = ringOf(["1-0", "2-0", "3-0", "4-0", "5-0"]);
  expect(idsAfter(byNumber, "0-0")).toBe(undefined);
  expect(idsAfter(byNumber, "1-0")).toEqual(["2-0", "3-0", "4-0", "5-0"]);
  const byBytes = ringOf(["1-0", "2-0", "3-0"], { entriesMax: 4, bytesMax: 250 });
  expect(idsAfter(byBytes, "1-0")).toEqual(["2-0", "3-0"]);
  expect(byBytes.at(0)).toBe(undefined);
});

test("what has no id stands where the one before it does", () => {
  const ring = ringOf(["1-0", null, "2-0", null]);
  expect(idsAfter(ring, "0-0")).toEqual(["1-0", null, "2-0", null]);
  expect(idsAfter(ring, "1-0")).toEqual(["2-0", null]);
  expect(idsAfter(ring, "2-0")).toEqual([]);
  expect([ring.has("1-0"), ring.has("2-0"), ring.has("1-5")]).toEqual([true, true, false]);
});

test("begun anew, it knows nothing of before", () => {
  const ring = ringOf(["1-0", "2-0"]);
  const { end } = ring;
  ring.clear("7-0");
  expect(ring.first).toBeGreaterThan(end);
  expect(ring.position).toBe("7-0");
  expect(ring.at(1)).toBe(undefined);
  ring.push(new Entry("8-0", "7-0", Buffer.alloc(1)));
  expect(idsAfter(ring, "2-0")).toBe(undefined);
  expect(idsAfter(ring, "7-0")).toEqual(["8-0"]);
});
