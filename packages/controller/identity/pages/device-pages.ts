/**
 * The pages for a program elsewhere, such as `larder login`, that shows a code: the code is typed, then compared and agreed to, then
 * somebody signs in. In the forms that oidc-provider calls; each form has the session's secret, without which it is refused.
 */
import type { OidcClient, OidcContext } from "../oidc-library.ts";
import { devicePath } from "../page-paths.ts";
import type { Principals } from "../principals.ts";
import { html } from "./html.ts";
import { answerPage, problemText } from "./page.ts";

/** Digits and dashes are for reading; the library leaves them out. */
const codeLengthMax = 20;

const problems: Record<string, string> = {
  NotFoundError: "There is no such code. Compare it with the one that the program shows.",
  NoCodeError: "Enter the code that the program shows.",
  ExpiredError: "The code has expired. Begin anew in the program, and enter the code that it shows then.",
  AlreadyUsedError: "The code was used already. Begin anew in the program.",
  AbortedError: "Nobody was signed in: the request was turned down.",
};

export function devicePages({
  principals,
  onWrongCode,
}: {
  principals: Principals;
  onWrongCode(context: OidcContext): void;
}) {
  return {
    userCodeInputSource(context: OidcContext, _form: string, _out: unknown, error?: Error): void {
      if (error?.name === "NotFoundError") onWrongCode(context);
      const problem = error && (problems[error.name] ?? "The page was open for too long. Try again.");
      renderCodeInput(context, problem);
    },
    userCodeConfirmSource(
      context: OidcContext,
      _form: string,
      client: OidcClient,
      device: { ip?: string } | undefined,
      code: string,
    ): void {
      const user = principals.find(context.oidc.session.accountId ?? "");
      renderCodeConfirmation(context, { client, code, address: device?.ip, userName: user?.displayName });
    },
    successSource(context: OidcContext): void {
      answerPage(context, {
        title: "Signed in",
        body: html`<h1>You are signed in</h1>
<p><strong>${context.oidc.client?.clientName}</strong> goes on by itself. You can close this page.</p>`,
      });
    },
  };
}

function renderCodeInput(context: OidcContext, problem: string | undefined): void {
  const code = typeof context.state["code"] === "string" ? context.state["code"] : "";
  answerPage(context, {
    title: "Enter the code",
    body: html`<h1>Enter the code</h1>
<p>A program that wants to act for you shows a code. Enter it here.</p>
${problemText(problem)}
<form method="post" action="${devicePath}" novalidate>
<input type="hidden" name="xsrf" value="${context.oidc.session.state?.secret}">
<label>Code
<input class="code" name="user_code" value="${code.slice(0, codeLengthMax)}" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="${codeLengthMax}" required autofocus ${describedBy(problem)}></label>
<div class="buttons"><button>Continue</button></div>
</form>`,
  });
}

function renderCodeConfirmation(
  context: OidcContext,
  shown: { client: OidcClient; code: string; address: string | undefined; userName: string | undefined },
): void {
  const from = shown.address === undefined ? undefined : html`<dt>Asked from</dt><dd>${shown.address}</dd>`;
  const as = shown.userName === undefined ? undefined : html`<dt>Signed in as</dt><dd>${shown.userName}</dd>`;
  answerPage(context, {
    title: "Compare the code",
    body: html`<h1>Let ${shown.client.clientName} act for you?</h1>
<p>It may then do in this service whatever you may do. Go on only if <strong>you</strong> have just started it, and it shows this code:</p>
<span class="shown-code">${shown.code}</span>
<dl>${from}${as}</dl>
<form method="post" action="${devicePath}">
<input type="hidden" name="xsrf" value="${context.oidc.session.state?.secret}">
<input type="hidden" name="user_code" value="${shown.code}">
<div class="buttons"><button name="confirm" value="yes">Continue</button><button class="quiet" name="abort" value="yes">Cancel</button></div>
</form>`,
  });
}

function describedBy(problem: string | undefined) {
  return problem === undefined ? undefined : html`aria-invalid="true" aria-describedby="problem"`;
}
