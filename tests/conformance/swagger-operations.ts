/** The operations that the Swagger files describe, found by method and path. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Direction, jsonSchema, type SwaggerSchema } from "./swagger-schemas.ts";

export interface SwaggerOperation {
  /** As in the file: `Redis_Create`. */
  id: string;
  file: string;
  method: string;
  /** With `{parameters}`. */
  path: string;
  /** The api-version that the file describes. */
  version: string;
  requiredQuery: string[];
  /** As it stands in the file, and as JSON schemas, for ajv; undefined: no body. */
  describedBody: SwaggerSchema | undefined;
  body: object | undefined;
  /** By status or `default`. */
  responses: Record<string, object | undefined>;
}

interface Parameter {
  $ref?: string;
  name: string;
  in: string;
  required?: boolean;
  schema?: SwaggerSchema;
}

interface Described {
  operationId: string;
  parameters: Parameter[];
  responses: Record<string, { schema?: SwaggerSchema }>;
}

interface SwaggerFile {
  info: { version: string };
  paths: Record<string, Record<string, Described>>;
}

export const serviceFiles = ["redis-2024-11-01.json", "redisenterprise-2025-07-01.json"] as const;

export const operations: readonly SwaggerOperation[] = serviceFiles.flatMap(operationsOf);

const patterns = operations.map((operation) => ({ operation, pattern: patternOf(operation.path) }));

export function findOperation(method: string, path: string): SwaggerOperation | undefined {
  return patterns.find(({ operation, pattern }) => operation.method === method && pattern.test(path))?.operation;
}

/** Paths match without regard to case. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}/?$`, "i");
}

function operationsOf(file: string): SwaggerOperation[] {
  const swagger = JSON.parse(readFileSync(join(import.meta.dirname, "swagger", file), "utf8")) as SwaggerFile;
  return Object.entries(swagger.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => {
      const schema = (of: SwaggerSchema | undefined, direction: Direction) =>
        of === undefined ? undefined : jsonSchema(of, { file, direction });
      const bodies = described.parameters.filter((parameter) => parameter.in === "body");
      return {
        id: described.operationId,
        file,
        method: method.toUpperCase(),
        path,
        version: swagger.info.version,
        requiredQuery: described.parameters.filter(isRequiredQuery).map(({ name }) => name),
        describedBody: bodies[0]?.schema,
        body: schema(bodies[0]?.schema, "request"),
        responses: Object.fromEntries(
          Object.entries(described.responses).map(([status, response]) => [
            status,
            schema(response.schema, "response"),
          ]),
        ),
      };
    }),
  );
}

function isRequiredQuery(parameter: Parameter): boolean {
  return parameter.in === "query" && parameter.required === true;
}
