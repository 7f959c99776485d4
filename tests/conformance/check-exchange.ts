/**
 * Holds an exchange against the Swagger files: is there such an operation, does it name this status, do the bodies have the
 * described shapes, are the headers of long-running operations what clients can follow. Exceptions are in `deviations.ts`.
 *
 * A request is judged only where it was accepted: what tests send to see it refused is meant to be wrong.
 */
import { beyondSwagger, statusDeviations } from "./deviations.ts";
import { type Exchange, pathOf, versionOf } from "./exchange.ts";
import { findOperation, type SwaggerOperation } from "./swagger-operations.ts";
import { schemaProblems } from "./swagger-schemas.ts";

/** What is wrong, as sentences; empty where nothing is. */
export function exchangeProblems(exchange: Exchange): string[] {
  const operation = findOperation(exchange.method, pathOf(exchange));
  const found = exchange.status >= 400 ? errorProblems(exchange) : successProblems(exchange, operation);
  const what = `${exchange.method} ${pathOf(exchange)} (${versionOf(exchange)}) → ${exchange.status}`;
  return found.map((problem) => `${what}: ${problem}`);
}

function successProblems(exchange: Exchange, operation: SwaggerOperation | undefined): string[] {
  if (operation === undefined) return isBeyond(exchange) ? [] : ["the Swagger files have no such operation"];
  return [
    ...statusProblems(exchange, operation),
    ...requestProblems(exchange, operation),
    ...responseProblems(exchange, operation),
    ...pollingProblems(exchange),
  ];
}

function isBeyond(exchange: Exchange): boolean {
  const rest = pathOf(exchange)
    .toLowerCase()
    .replace(/^.*\/providers\/microsoft\.cache/, "");
  return beyondSwagger.some(({ method, path }) => new RegExp(method).test(exchange.method) && path.test(rest));
}

/** Clients' pollers need both texts. */
function errorProblems({ responseBody }: Exchange): string[] {
  const error = (parsed(responseBody) as { error?: { code?: unknown; message?: unknown } } | undefined)?.error;
  const isWhole = typeof error?.code === "string" && typeof error.message === "string";
  return isWhole ? [] : ["an error must have a code and a message"];
}

function statusProblems({ status }: Exchange, { id, responses }: SwaggerOperation): string[] {
  const isKnown = status in responses || statusDeviations.some((one) => one.operation === id && one.status === status);
  return isKnown ? [] : [`the status is not one of ${Object.keys(responses).join(", ")}`];
}

function requestProblems(exchange: Exchange, { body, requiredQuery, version }: SwaggerOperation): string[] {
  const query = new URL(exchange.url).searchParams;
  const missing = requiredQuery.filter((name) => !query.has(name)).map((name) => `the query has no '${name}'`);
  // What a version requires, another may not have.
  if (body === undefined || versionOf(exchange) !== version) return missing;
  const sent = parsed(exchange.requestBody);
  return [...missing, ...schemaProblems(body, sent).map((problem) => `request: ${problem}`)];
}

function responseProblems({ status, responseBody, headers }: Exchange, { responses }: SwaggerOperation): string[] {
  const schema = responses[status];
  if (schema === undefined) return [];
  if (!headers["content-type"]?.startsWith("application/json")) return ["the answer is not JSON"];
  return schemaProblems(schema, parsed(responseBody)).map((problem) => `response: ${problem}`);
}

/** Where a client is to poll: absolute, under the address that it used, with a version. After PATCH only one header may say it. */
function pollingProblems({ method, url, status, headers }: Exchange): string[] {
  const named = ["azure-asyncoperation", "location"].filter((name) => headers[name] !== undefined);
  const strays = named.filter((name) => {
    const to = URL.parse(headers[name] ?? "");
    return to?.origin !== new URL(url).origin || !to.searchParams.has("api-version");
  });
  return [
    ...strays.map((name) => `'${name}' does not lead back here: ${headers[name]}`),
    ...(status === 202 && named.length === 0 ? ["nothing says where to poll"] : []),
    ...(method === "PATCH" && headers.location !== undefined
      ? ["a client takes Location for the updated resource"]
      : []),
  ];
}

function parsed(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
