/**
 * The one place where a call is held against the caller's roles. What it asks for is read from its method and path, so that routes say
 * nothing about it. A listing of which the caller may read a part is answered with that part.
 */
import type { Context, MiddlewareHandler } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";

export function roleAuthorization({ authorization }: ApiContext): MiddlewareHandler<ApiEnvironment> {
  return async (context, next) => {
    const [caller, access] = [context.get("caller"), context.get("requested")];
    if (caller.kind === "administrator") return next();
    const decision = access === undefined ? "refused" : authorization.decide(caller, access);
    if (decision === "refused") throw authorization.refusal(caller, access);
    if (decision === "allowed") return next();
    const mayRead = (id: unknown) => typeof id === "string" && authorization.mayRead(caller, id);
    context.set("mayRead", mayRead);
    await next();
    if (context.res.status === 200) await leaveOut(context, mayRead);
  };
}

/** For handlers: may who calls also do `method` on the resource of that id? Throws AuthorizationFailed. */
export function requireAlso(
  context: Context<ApiEnvironment>,
  { authorization }: ApiContext,
  method: string,
  id: string,
): void {
  authorization.require(context.get("caller"), method, id);
}

/** What comes in pages has been cut to it. Of an answer that is no listing after all nothing is left. */
async function leaveOut(context: Context, mayRead: (id: unknown) => boolean): Promise<void> {
  const body = (await context.res.json().catch(() => ({}))) as { value?: unknown };
  const items = Array.isArray(body.value) ? (body.value as { id?: unknown }[]) : [];
  const value = items.filter(({ id }) => mayRead(id));
  const headers = new Headers(context.res.headers);
  headers.delete("content-length");
  context.res = undefined;
  context.res = new Response(JSON.stringify({ ...body, value }), { status: 200, headers });
}
