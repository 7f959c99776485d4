/** Answers to changes of who may use a cache: long-running operations, in the forms that clients of Azure take. */
import type { Context } from "hono";
import type { AccessCommanded } from "../access/access-commands.ts";
import type { ApiContext } from "./api-context.ts";
import { operationUrl } from "./operations.ts";
import { apiVersionOf, callerBase } from "./request-path.ts";

/** 201 or 200 with the resource. */
export async function answerPut(
  context: Context,
  api: ApiContext,
  { operation, isNew }: AccessCommanded,
  body: () => object,
): Promise<Response> {
  await api.published.refresh();
  if (operation !== undefined) {
    context.header("azure-asyncoperation", operationUrl(context, operation, "asyncOperations"));
    context.header(
      "location",
      `${callerBase(context)}${new URL(context.req.url).pathname}?api-version=${apiVersionOf(context)}`,
    );
    context.header("retry-after", "1");
  }
  return context.json(body(), isNew ? 201 : 200);
}

/** 202, or 204 where there was nothing. */
export async function answerDelete(
  context: Context,
  api: ApiContext,
  { operation }: AccessCommanded,
): Promise<Response> {
  if (operation === undefined) return context.body(null, 204);
  await api.published.refresh();
  context.header("azure-asyncoperation", operationUrl(context, operation, "asyncOperations"));
  context.header("location", operationUrl(context, operation, "operationresults"));
  context.header("retry-after", "1");
  return context.body(null, 202);
}
