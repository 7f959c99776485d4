import { expect, test } from "bun:test";
import { Following } from "./following.ts";

function replica(offset: number, state = "online") {
  return { address: "10.0.0.2:7000", offset, lagSeconds: 0, state };
}

test("a replica follows until the moment at which the stream was where it is", () => {
  const following = new Following();
  following.see({ offset: 100, replicas: [replica(0)] }, 1_000);
  expect(following.followedAtMs).toBe(Number.NEGATIVE_INFINITY);
  following.see({ offset: 200, replicas: [replica(100)] }, 1_200);
  expect(following.followedAtMs).toBe(1_000);
  following.see({ offset: 300, replicas: [replica(250)] }, 1_400);
  expect(following.followedAtMs).toBe(1_200);
});

test("a word that was held up says nothing new", () => {
  const following = new Following();
  following.see({ offset: 100, replicas: [replica(100)] }, 1_000);
  following.see({ offset: 200, replicas: [replica(100)] }, 1_200);
  following.see({ offset: 300, replicas: [replica(150)] }, 3_000);
  expect(following.followedAtMs).toBe(1_000);
});

test("the newest of several counts, and none that is still being copied to", () => {
  const following = new Following();
  following.see({ offset: 100, replicas: [] }, 1_000);
  following.see({ offset: 200, replicas: [replica(100), replica(200, "send_bulk")] }, 1_200);
  expect(following.followedAtMs).toBe(1_000);
  following.see({ offset: 200, replicas: [replica(100), replica(200)] }, 1_400);
  expect(following.followedAtMs).toBe(1_200);
});
