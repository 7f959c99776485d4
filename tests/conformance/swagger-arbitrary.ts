/**
 * Bodies for fuzzing, made from Swagger schemas: mostly as described, so that they get far, and wrong here and there: another type,
 * nothing at all, more than there is, too long.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { fileOfRef, type SwaggerSchema } from "./swagger-schemas.ts";

const depthMax = 6;
const definitions = new Map<string, Record<string, SwaggerSchema>>();

/** Hardly anything that a schema asks for. */
const wrong: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, "", 0, -1, 1e308, true, [], {}, [[]], { a: { b: [null] } }, "\u0000", "x".repeat(10_000)),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom("__proto__", "constructor", "' OR 1=1 --", "../..", "%00", "\ud800", "🜁".repeat(70)),
);

export function bodyArbitrary(schema: SwaggerSchema, file: string): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: described(schema, file, 0) }, { weight: 1, arbitrary: wrong });
}

function described(schema: SwaggerSchema, file: string, depth: number): fc.Arbitrary<unknown> {
  if (depth > depthMax) return wrong;
  if (schema.$ref !== undefined) {
    const target = fileOfRef(schema.$ref, file);
    const definition = definitionsIn(target)[schema.$ref.split("/").at(-1) ?? ""] ?? {};
    return described(definition, target, depth);
  }
  const right = rightOne(schema, file, depth);
  return fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: wrong });
}

function rightOne(schema: SwaggerSchema, file: string, depth: number): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case "integer":
      return fc.oneof(fc.integer({ min: 0, max: 7 }), fc.integer());
    case "number":
      return fc.double();
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(described(schema.items ?? {}, file, depth + 1), { maxLength: 3 });
    case "string":
      return fc.oneof(fc.constantFrom("local", "1.2", "latest", "Everyday", "PT5H", "10.0.0.1"), fc.string());
    default:
      return objectOf(schema, file, depth);
  }
}

function objectOf(schema: SwaggerSchema, file: string, depth: number): fc.Arbitrary<unknown> {
  const own = Object.entries(schema.properties ?? {});
  const fields = Object.fromEntries(own.map(([name, part]) => [name, described(part, file, depth + 1)]));
  const required = schema.required?.filter((name) => name in fields) ?? [];
  const parts = [
    fc.oneof(
      { weight: 5, arbitrary: fc.record(fields, { requiredKeys: required as never[] }) },
      { weight: 1, arbitrary: fc.record(fields, { requiredKeys: [] }) },
    ),
    ...(schema.allOf ?? []).map((part) => described(part, file, depth + 1)),
    fc.oneof({ weight: 6, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.dictionary(fc.string(), wrong) }),
  ];
  return fc.tuple(...parts).map((objects) => Object.assign({}, ...(objects as object[])) as unknown);
}

function definitionsIn(file: string): Record<string, SwaggerSchema> {
  const known = definitions.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(join(import.meta.dirname, "swagger", file), "utf8");
  const read = (JSON.parse(text) as { definitions: Record<string, SwaggerSchema> }).definitions;
  definitions.set(file, read);
  return read;
}
