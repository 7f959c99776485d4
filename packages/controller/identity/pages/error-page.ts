/** What a person sees whose sign-in cannot go on. */
import type { OidcContext } from "../oidc-library.ts";
import { html } from "./html.ts";
import { answerPage } from "./page.ts";

const texts: Record<string, string> = {
  invalid_client: "The program that sent you here is not known to this service.",
  access_denied: "Nobody was signed in.",
  server_error: "Something went wrong here. The controller's log says what.",
};

/** In the form that oidc-provider calls; the status is set. */
export function renderError(context: OidcContext, out: { error: string; error_description?: string }): void {
  const text = texts[out.error] ?? "The sign-in has expired, or what it was asked with is not valid.";
  const detail = out.error_description === undefined ? undefined : html`<p>${sentence(out.error_description)}</p>`;
  answerPage(context, {
    title: "Not signed in",
    status: context.status,
    body: html`<h1>Not signed in</h1>
<p role="alert">${text}</p>
${detail}
<p>Go back to the program that you came from, and begin anew.</p>`,
  });
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.?$/, ".")}`;
}
