/**
 * Swagger 2 schemas → JSON schemas, one way for requests and one for responses.
 *
 *   request   as clients write them: null for "not given", enumerations in any case, numbers and booleans as text, read-only
 *             properties with anything in them. The live service takes all of that.
 *   response  exactly as described, but for `propertyDeviations`. Properties that are not described are let through.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv, { type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { propertyDeviations } from "./deviations.ts";

export type Direction = "request" | "response";

export interface SwaggerSchema {
  $ref?: string;
  type?: string;
  format?: string;
  enum?: unknown[];
  items?: SwaggerSchema;
  properties?: Record<string, SwaggerSchema>;
  additionalProperties?: SwaggerSchema | boolean;
  allOf?: SwaggerSchema[];
  required?: string[];
  readOnly?: boolean;
  "x-nullable"?: boolean;
}

/** Which file a schema stands in, and for what it is converted. */
interface Place {
  file: string;
  direction: Direction;
}

const folder = join(import.meta.dirname, "swagger");
const keptAsTheyAre = [
  "type",
  "format",
  "required",
  "pattern",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
] as const;
/** What a client may write as text. */
const textForms: Record<string, object> = {
  integer: { type: "string", pattern: "^\\d+$" },
  number: { type: "string", pattern: "^[\\d.]+$" },
  boolean: { enum: ["true", "false", "True", "False"] },
  string: { type: ["number", "boolean"] },
};

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
for (const format of ["arm-id", "uri"]) ajv.addFormat(format, true);
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json")))
  for (const direction of ["request", "response"] as const) ajv.addSchema(definitionsOf({ file, direction }));

const compiled = new WeakMap<object, ValidateFunction>();

/** What is wrong with `value`, as sentences. */
export function schemaProblems(schema: object, value: unknown): string[] {
  const validate = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, validate);
  if (validate(value)) return [];
  // Of a property that may be null, the other way is what says something.
  const told = (validate.errors ?? []).filter(({ keyword, params }) => keyword !== "anyOf" && params.type !== "null");
  return told.map(({ instancePath, message, params }) => {
    const allowed = (params as { allowedValues?: unknown[] }).allowedValues;
    return `${instancePath || "the body"} ${message}${allowed === undefined ? "" : ` (${allowed.join(", ")})`}`;
  });
}

export function jsonSchema(schema: SwaggerSchema, at: Place): object {
  const { direction } = at;
  if (direction === "request" && schema.readOnly === true) return {};
  const converted: Record<string, unknown> = {};
  for (const key of keptAsTheyAre) {
    const value = (schema as Record<string, unknown>)[key];
    if (value !== undefined) converted[key] = value;
  }
  if (schema.$ref !== undefined) converted.$ref = refOf(schema.$ref, at);
  if (schema.enum !== undefined) Object.assign(converted, enumSchema(schema.enum, direction));
  if (schema.items !== undefined) converted.items = jsonSchema(schema.items, at);
  if (schema.allOf !== undefined) converted.allOf = schema.allOf.map((part) => jsonSchema(part, at));
  if (schema.properties !== undefined) converted.properties = mapped(schema.properties, (part) => inner(part, at));
  if (typeof schema.additionalProperties === "object")
    converted.additionalProperties = inner(schema.additionalProperties, at);
  const texts = direction === "request" ? textForms[schema.type ?? ""] : undefined;
  return texts === undefined ? converted : { anyOf: [converted, texts] };
}

function inner(schema: SwaggerSchema, at: Place): object {
  const converted = jsonSchema(schema, at);
  const isNullable = at.direction === "request" || schema["x-nullable"] === true;
  return isNullable ? { anyOf: [converted, { type: "null" }] } : converted;
}

function enumSchema(values: readonly unknown[], direction: Direction): object {
  if (direction === "response") return { enum: values };
  const insensitive = values.map((value) =>
    String(value).replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`),
  );
  return { pattern: `^(${insensitive.join("|")})$` };
}

function definitionsOf(at: Place): object {
  const { definitions = {} } = JSON.parse(readFileSync(join(folder, at.file), "utf8")) as {
    definitions?: Record<string, SwaggerSchema>;
  };
  const all = Object.entries(definitions).map(([name, schema]) => {
    const converted = jsonSchema(schema, at) as { properties?: Record<string, object> };
    return [name, at.direction === "response" ? withDeviations(name, converted) : converted];
  });
  return { $id: idOf(at), definitions: Object.fromEntries(all) };
}

function withDeviations<T extends { properties?: Record<string, object> }>(name: string, schema: T): T {
  for (const { property, allows } of propertyDeviations) {
    const [definition, key = ""] = property.split(".");
    const documented = definition === name ? schema.properties?.[key] : undefined;
    if (documented !== undefined) schema.properties = { ...schema.properties, [key]: { anyOf: [documented, allows] } };
  }
  return schema;
}

function refOf(ref: string, { file, direction }: Place): string {
  return `${idOf({ file: fileOfRef(ref, file), direction })}#${ref.split("#")[1] ?? ""}`;
}

/**
 * Where a reference in `file` leads: `#/definitions/Sku` to the same file, one into the common types to ours of the same version
 * (`…/v4/types.json` is `v4-types.json`).
 */
export function fileOfRef(ref: string, file: string): string {
  const common = /(?:(v\d)\/|\.\/)(\w+\.json)$/.exec(ref.split("#")[0] ?? "");
  return common === null ? file : `${common[1] ?? file.split("-")[0] ?? ""}-${common[2] ?? ""}`;
}

function idOf({ file, direction }: Place): string {
  return `swagger:${direction}/${file}`;
}

function mapped(record: Record<string, SwaggerSchema>, convert: (schema: SwaggerSchema) => object) {
  return Object.fromEntries(Object.entries(record).map(([key, schema]) => [key, convert(schema)]));
}
