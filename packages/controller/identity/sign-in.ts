/**
 * The step of a sign-in in which a person is asked: `GET` and `POST /signin/{id}`. The id is that of an interaction, and stands in a
 * cookie of the same browser too; both have to be there and be the same, so that nobody's form can be sent by another page.
 */
import type { Interaction, OidcContext, OidcProvider } from "./oidc-library.ts";
import { signInPath } from "./page-paths.ts";
import { renderError } from "./pages/error-page.ts";
import { renderConsent, renderSignIn } from "./pages/sign-in-page.ts";
import { isStillSignedIn, type Principals } from "./principals.ts";
import { readForm } from "./read-form.ts";
import type { SignInAttempts } from "./sign-in-attempts.ts";
import type { SignInRecords } from "./sign-in-records.ts";

export interface SignInParts {
  provider: OidcProvider;
  principals: Principals;
  attempts: SignInAttempts;
  records: SignInRecords;
}

/** Whether the path is one of these. */
export function isSignIn(path: string): boolean {
  return path.startsWith(`${signInPath}/`);
}

export async function signIn(context: OidcContext, parts: SignInParts): Promise<void> {
  const interaction = await findInteraction(context, parts.provider);
  if (interaction === undefined) {
    context.status = 400;
    renderError(context, { error: "expired" });
    return;
  }
  const asked: Asked = { ...parts, context, interaction, ...(await viewOf(interaction, parts.provider)) };
  if (context.method === "GET") await ask(asked);
  else if (context.method === "POST") await answer(asked);
  else context.status = 405;
}

interface Asked extends SignInParts {
  context: OidcContext;
  interaction: Interaction;
  clientName: string;
  formTarget?: string;
}

async function ask(asked: Asked): Promise<void> {
  const { context, interaction, principals, clientName } = asked;
  if (interaction.prompt.name !== "consent") {
    const hint = interaction.params["login_hint"];
    renderSignIn(context, { ...viewPart(asked), userName: typeof hint === "string" ? hint : "" });
    return;
  }
  // Of a device's code it was agreed to already, with the code in view.
  if (interaction.deviceCode !== undefined) return finish(asked, { consent: {} });
  const user = principals.find(interaction.session?.accountId ?? "");
  renderConsent(context, { ...viewPart(asked), clientName, userName: user?.displayName ?? "" });
}

async function answer(asked: Asked): Promise<void> {
  const { context, interaction } = asked;
  if (!isOfOurPage(context)) {
    context.status = 403;
    renderError(context, { error: "access_denied", error_description: "the form came from another page" });
    return;
  }
  const form = await readForm(context.req);
  if (form.get("action") === "cancel")
    return finish(asked, { error: "access_denied", error_description: "the sign-in was cancelled" });
  if (interaction.prompt.name === "consent") return finish(asked, { consent: {} });
  await judge(asked, { name: form.get("name")?.trim() ?? "", password: form.get("password") ?? "" });
}

async function judge(asked: Asked, { name, password }: { name: string; password: string }): Promise<void> {
  const { context, interaction, principals, attempts, records } = asked;
  const who = { address: context.ip, name };
  const waitMs = attempts.waitMs(who);
  if (waitMs > 0) {
    const minutes = Math.ceil(waitMs / 60_000);
    context.set("retry-after", String(Math.ceil(waitMs / 1_000)));
    const problem = `Too many sign-ins failed. Try again in ${minutes === 1 ? "a minute" : `${minutes} minutes`}.`;
    return renderSignIn(context, { ...viewPart(asked), userName: name, problem, status: 429 });
  }
  const user = name === "" ? undefined : await principals.userBy(name, password);
  const signIn = { kind: "user", address: context.ip, clientId: String(interaction.params["client_id"]) } as const;
  if (user === undefined) {
    attempts.failed(who);
    records.note({ ...signIn, principal: principals.findUser(name), error: "invalid_credentials" });
    const problem = "The user name or the password is wrong.";
    return renderSignIn(context, { ...viewPart(asked), userName: name, problem, status: 401 });
  }
  attempts.succeeded("user");
  records.note({ ...signIn, principal: user });
  await finish(asked, { login: { accountId: user.objectId, remember: false }, consent: {} });
}

async function finish({ context, provider }: Asked, result: Record<string, unknown>): Promise<void> {
  const next = await provider.interactionResult(context.req, context.res, result, { mergeWithLastSubmission: true });
  context.status = 303;
  context.redirect(next);
}

/** undefined: it has expired, or is another browser's. */
async function findInteraction(context: OidcContext, provider: OidcProvider): Promise<Interaction | undefined> {
  try {
    const interaction = await provider.interactionDetails(context.req, context.res);
    return context.path === `${signInPath}/${interaction.uid}` ? interaction : undefined;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 400) return undefined;
    throw error;
  }
}

async function viewOf({ params }: Interaction, provider: OidcProvider) {
  const client = await provider.Client.find(String(params["client_id"]));
  const redirect = params["redirect_uri"];
  const formTarget = typeof redirect === "string" && URL.canParse(redirect) ? new URL(redirect).origin : undefined;
  return {
    clientName: client?.clientName ?? "a program",
    ...(formTarget === undefined || formTarget === "null" ? {} : { formTarget }),
  };
}

function viewPart({ clientName, formTarget }: Asked) {
  return { clientName, ...(formTarget === undefined ? {} : { formTarget }) };
}

/** Browsers say where a form comes from; one of old that says nothing has the cookie's own protection. */
function isOfOurPage(context: OidcContext): boolean {
  const site = context.get("sec-fetch-site");
  const origin = context.get("origin");
  if (site !== "" && site !== "same-origin") return false;
  return origin === "" || URL.parse(origin)?.host === context.get("host");
}

/** A session of somebody who is gone, or whose password is another now, is none. */
export async function dropStaleSession(context: OidcContext, { provider, principals }: SignInParts): Promise<void> {
  const session = await provider.Session.get(context);
  if (session.accountId === undefined) return;
  const user = principals.find(session.accountId);
  if (user?.kind === "user" && isStillSignedIn(user, session.loginTs)) return;
  await session.destroy();
}
