import { describe, expect, test } from "bun:test";
import {
  everybody,
  type FilteredClient,
  parseInteger,
  parseKillOptions,
  parseListOptions,
  passes,
} from "./client-filter.ts";

const asker = 7;
const list = (text: string) => parseListOptions(text === "" ? [] : text.split(" "));
const kill = (text: string) => parseKillOptions(text.split(" "), { own: asker, users: ["default", "app"] });

const someone: FilteredClient = {
  id: 3,
  address: "10.0.0.1:5000",
  localAddress: "10.0.0.9:6380",
  kind: "normal",
  user: "app",
  ageSeconds: 60,
};

describe("whom LIST shows", () => {
  test.each([
    ["", everybody],
    ["TYPE pubsub", { ...everybody, kind: "pubsub" }],
    ["type SLAVE", { ...everybody, kind: "replica" }],
    ["TYPE master", { ...everybody, kind: "primary" }],
    ["ID 3 1 3", { ...everybody, ids: [3, 1, 3] }],
    ["ID 3 x", { error: "ERR Invalid client ID" }],
    ["ID", { error: "ERR syntax error" }],
    ["TYPE", { error: "ERR syntax error" }],
    ["TYPE normal normal", { error: "ERR syntax error" }],
    ["TYPE constructor", { error: "ERR Unknown client type 'constructor'" }],
    ["USER app", { error: "ERR syntax error" }],
  ])("%s", (text, wanted) => expect(list(text)).toEqual(wanted as never));
});

describe("whom KILL closes", () => {
  test.each([
    ["10.0.0.1:5000", { ...everybody, address: "10.0.0.1:5000" }],
    ["ID", { ...everybody, address: "ID" }],
    ["ID 3", { ...everybody, exceptId: asker, ids: [3] }],
    ["ID 3 ID 4", { ...everybody, exceptId: asker, ids: [4] }],
    ["USER app LADDR a TYPE normal", { ...everybody, exceptId: asker, user: "app", localAddress: "a", kind: "normal" }],
    ["MAXAGE 5 SKIPME no", { ...everybody, ageSecondsMin: 5 }],
    ["SKIPME no SKIPME YES", { ...everybody, exceptId: asker }],
    ["ID 0", { error: "ERR client-id should be greater than 0" }],
    ["ID x", { error: "ERR client-id should be greater than 0" }],
    ["MAXAGE x", { error: "ERR maxage is not an integer or out of range" }],
    ["MAXAGE -1", { error: "ERR maxage should be greater than 0" }],
    ["USER nobody", { error: "ERR No such user 'nobody'" }],
    ["SKIPME maybe", { error: "ERR syntax error" }],
    ["ID 3 SKIPME", { error: "ERR syntax error" }],
    ["ID 0 nonsense here", { error: "ERR client-id should be greater than 0" }],
  ])("%s", (text, wanted) => expect(kill(text)).toEqual(wanted as never));
});

test.each([
  ["everybody", {}, true],
  ["its id", { ids: [1, 3] }, true],
  ["another id", { ids: [1] }, false],
  ["its address", { address: someone.address }, true],
  ["another address", { address: "10.0.0.1:5001" }, false],
  ["its local address", { localAddress: someone.localAddress }, true],
  ["another kind", { kind: "pubsub" }, false],
  ["another user", { user: "default" }, false],
  ["exactly its age", { ageSecondsMin: 60 }, true],
  ["older ones", { ageSecondsMin: 61 }, false],
  ["all but this one", { exceptId: 3 }, false],
  ["all of several", { ids: [3], user: "default" }, false],
] as const)("a filter for %s", (_, filter, wanted) => {
  expect(passes(someone, { ...everybody, ...filter, ids: "ids" in filter ? [...filter.ids] : null })).toBe(wanted);
});

test("integers are read as strictly as Valkey reads them", () => {
  const texts = ["0", "-1", "12", "9223372036854775807", "-9223372036854775808"];
  expect(texts.map(parseInteger)).toEqual(texts.map(Number));
  for (const text of ["", "-0", "01", "+1", " 1", "1 ", "1.0", "1e3", "x", "9223372036854775808"])
    expect(parseInteger(text)).toBeUndefined();
});
