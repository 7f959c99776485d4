/** Where a person says who he is, and where he agrees that a program on his machine goes on in his name. */
import type { OidcContext } from "../oidc-library.ts";
import { html } from "./html.ts";
import { answerPage, problemText } from "./page.ts";

export interface SignInView {
  /** The program that sent him here. */
  clientName: string;
  /** As it was typed before, or as the program suggests. */
  userName: string;
  problem?: string;
  /** Where the program waits. */
  formTarget?: string;
  status?: number;
}

export function renderSignIn(context: OidcContext, view: SignInView): void {
  const target = view.formTarget === undefined ? {} : { formTarget: view.formTarget };
  const described = view.problem === undefined ? undefined : html`aria-invalid="true" aria-describedby="problem"`;
  answerPage(context, {
    title: "Sign in",
    status: view.status ?? 200,
    ...target,
    body: html`<h1>Sign in</h1>
<p>to go on to <strong>${view.clientName}</strong></p>
${problemText(view.problem)}
<form method="post" action="">
<label>User name
<input name="name" value="${view.userName}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64" required ${view.userName === "" ? html`autofocus` : undefined} ${described}></label>
<label>Password
<input name="password" type="password" autocomplete="current-password" maxlength="256" required ${view.userName === "" ? undefined : html`autofocus`} ${described}></label>
<div class="buttons"><button name="action" value="sign-in">Sign in</button><button class="quiet" name="action" value="cancel" formnovalidate>Cancel</button></div>
</form>`,
  });
}

export function renderConsent(
  context: OidcContext,
  view: { clientName: string; userName: string; formTarget?: string },
): void {
  const target = view.formTarget === undefined ? {} : { formTarget: view.formTarget };
  answerPage(context, {
    title: "Go on",
    ...target,
    body: html`<h1>Let ${view.clientName} act for you?</h1>
<p>You are signed in as <strong>${view.userName}</strong>. Go on only if you have just started this program.</p>
<form method="post" action="">
<div class="buttons"><button name="action" value="agree">Continue</button><button class="quiet" name="action" value="cancel">Cancel</button></div>
</form>`,
  });
}
