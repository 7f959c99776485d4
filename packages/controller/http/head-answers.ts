/** HEAD asks whether something exists, and is answered 204 or 404: clients of Azure take a 200 there for a mistake. */
import type { MiddlewareHandler } from "hono";
import type { ApiEnvironment } from "./api-context.ts";

export const headAnswers: MiddlewareHandler<ApiEnvironment> = async (context, next) => {
  await next();
  if (context.req.method !== "HEAD" || context.res.status !== 200) return;
  const headers = new Headers(context.res.headers);
  headers.delete("content-type");
  context.res = undefined;
  context.res = new Response(null, { status: 204, headers });
};
