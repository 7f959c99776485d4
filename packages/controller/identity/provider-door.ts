/**
 * What every request to the identity provider passes before the library sees it, and what becomes of the answer: Entra's paths and
 * additions, who has to wait, the pages that are not the library's. A Koa middleware.
 */
import { clientRefused, deviceAnswer, instanceDiscovery, tokenAnswer, unknownTenant } from "./entra-answers.ts";
import { entraPath } from "./entra-paths.ts";
import { identityLimits } from "./identity-limits.ts";
import type { OidcContext } from "./oidc-library.ts";
import { devicePath, signInPath } from "./page-paths.ts";
import { pathsOf } from "./provider-options.ts";
import { readTokenForm } from "./read-form.ts";
import { Refusal } from "./refusal.ts";
import { dropStaleSession, isSignIn, type SignInParts, signIn } from "./sign-in.ts";

const hostPattern = /^[\w.:[\]-]{1,255}$/;

export function providerDoor(parts: SignInParts & { tenant: string }) {
  const { tenant, attempts } = parts;
  const paths = pathsOf(tenant);
  const pass = async (context: OidcContext, next: () => Promise<void>): Promise<void> => {
    context.set("x-content-type-options", "nosniff");
    if (!hostPattern.test(context.get("host"))) return answer(context, 400, { error: "invalid_request" });
    const target = entraPath(context.path, tenant);
    if (target.kind === "instance-discovery")
      return answer(context, 200, instanceDiscovery({ host: context.get("host"), tenant }));
    if (target.kind === "unknown-tenant") return answer(context, 400, unknownTenant(target.tenant));
    context.path = plainPath(target.path, [...Object.values(paths), signInPath]);
    if (context.path === "/") return context.redirect(devicePath);

    const isTokenCall = context.path === paths.token;
    const waitMs = isTokenCall
      ? attempts.waitMs({ address: context.ip })
      : leavesSomething(context, paths)
        ? attempts.admitMs(context.ip)
        : 0;
    if (waitMs > 0) return holdOff(context, waitMs);
    if (isSignIn(context.path)) return signIn(context, parts);
    if (context.path.startsWith(devicePath) || context.path.startsWith(paths.authorization)) {
      takeTypedCode(context);
      await dropStaleSession(context, parts);
    }
    if (isTokenCall && context.method === "POST") await readTokenForm(context);
    await next();
    if (isTokenCall) afterTokenCall(context, parts);
    else if (context.path === paths.device_authorization && context.status === 200)
      context.body = deviceAnswer(bodyOf(context), identityLimits.devicePollSeconds);
  };
  return async (context: OidcContext, next: () => Promise<void>): Promise<void> => {
    try {
      await pass(context, next);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      answer(context, error.statusCode, { error: error.message, error_description: error.error_description });
    }
  };
}

/** The library takes its paths in any case and with a slash behind them. What is told apart by them here must not depend on that. */
function plainPath(path: string, known: readonly string[]): string {
  const bare = path.replace(/\/$/, "");
  const begins = known.find((each) => `${bare}/`.toLowerCase().startsWith(`${each}/`));
  return begins === undefined ? path : `${begins}${bare.slice(begins.length)}`;
}

/** A device's code, a session or an interaction. */
function leavesSomething({ path }: OidcContext, paths: ReturnType<typeof pathsOf>): boolean {
  return path === paths.device_authorization || path === devicePath || path === paths.authorization;
}

/** A code in the address only fills in the form: whoever follows a link still compares it and agrees. */
function takeTypedCode(context: OidcContext): void {
  const code = context.query["user_code"];
  if (context.method !== "GET" || context.path !== devicePath || code === undefined) return;
  context.state["code"] = code;
  context.querystring = "";
}

function afterTokenCall(context: OidcContext, parts: SignInParts & { tenant: string }): void {
  const { tenant, attempts, records } = parts;
  const body = bodyOf(context);
  const { error } = body;
  if (error === "invalid_client" || error === "invalid_grant") {
    attempts.failed({ address: context.ip });
    records.note({ ...askedFor(context, parts), error });
  }
  if (error === "invalid_client") context.body = clientRefused(body);
  if (context.status !== 200 || body["access_token"] === undefined) return;
  const asked = askedFor(context, parts);
  if (asked.kind !== "renewal") {
    attempts.succeeded(asked.kind);
    records.note(asked);
  }
  context.body = tokenAnswer(body, { objectId: context.oidc.entities.Account?.accountId, tenant });
}

const kinds: Record<string, "application" | "renewal"> = {
  client_credentials: "application",
  refresh_token: "renewal",
};

/** As far as the library came to know it: it looks for the application first, and then for whoever it acts for. */
function askedFor(context: OidcContext, { principals }: SignInParts) {
  const { params, client, entities } = context.oidc;
  const [clientId, objectId] = [client?.clientId, entities.Account?.accountId];
  const principal = objectId === undefined ? principals.findApplication(clientId ?? "") : principals.find(objectId);
  return { kind: kinds[String(params["grant_type"])] ?? "device", principal, clientId, address: context.ip } as const;
}

function holdOff(context: OidcContext, waitMs: number): void {
  context.set("retry-after", String(Math.ceil(waitMs / 1_000)));
  answer(context, 429, {
    error: "temporarily_unavailable",
    error_description: `Too many attempts from ${context.ip}: try again in ${Math.ceil(waitMs / 1_000)} seconds.`,
  });
}

function answer(context: OidcContext, status: number, body: Record<string, unknown>): void {
  context.status = status;
  context.body = body;
}

function bodyOf({ body }: OidcContext): Record<string, unknown> {
  return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
}
