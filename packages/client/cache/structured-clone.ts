/** V8's structured clone: keeps dates, maps, sets, bigints, typed arrays and cycles. Not meant to be read by another kind of runtime. */
import { deserialize, serialize } from "node:v8";
import type { Serializer } from "./serializer.ts";

export const structuredCloneSerializer: Serializer = {
  id: 3,
  encode: (value) => serialize(value),
  decode: (bytes) => deserialize(bytes) as unknown,
};
