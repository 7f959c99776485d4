import { expect, test } from "bun:test";
import { acceptedCodings, type Coding, chosenLanguage } from "./negotiation.ts";

test.each<[string | undefined, Coding[]]>([
  [undefined, ["identity"]],
  ["", ["identity"]],
  ["gzip, deflate, br", ["br", "gzip", "identity"]],
  ["gzip;q=1.0, br;q=0.5", ["gzip", "br", "identity"]],
  ["br;q=0, gzip", ["gzip", "identity"]],
  ["x-gzip", ["gzip", "identity"]],
  ["*", ["br", "gzip", "identity"]],
  ["*;q=0", ["identity"]],
  ["identity, gzip;q=0.5", ["identity", "gzip"]],
  ["gzip;q=0.001", ["gzip", "identity"]],
  ["gzip;q=nonsense", ["identity"]],
  ["GZIP ; Q=1", ["gzip", "identity"]],
])("Accept-Encoding %p: %p", (header, codings) => {
  expect(acceptedCodings(header)).toEqual(codings);
});

test.each([
  [undefined, "en"],
  ["de", "de"],
  ["de-AT, en;q=0.8", "de"],
  ["fr, de;q=0.2", "de"],
  ["en;q=0.1, de;q=0.9", "de"],
  ["de;q=0, fr", "en"],
  ["*", "en"],
  ["pt-BR", "pt-BR"],
  ["pt", "en"],
])("Accept-Language %p of en, de, pt-BR: %s", (header, language) => {
  expect(chosenLanguage(header, ["en", "de", "pt-BR"])).toBe(language);
});
