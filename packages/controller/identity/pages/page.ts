/** What all pages have: the frame, and headers that let them do nothing but show themselves and send their form. */
import { createHash } from "node:crypto";
import type { OidcContext } from "../oidc-library.ts";
import { type Html, html } from "./html.ts";
import { pageStyle } from "./page-style.ts";

const styleHash = createHash("sha256").update(pageStyle).digest("base64");

const mark = html`<svg width="26" height="26" viewBox="0 0 26 26" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" aria-hidden="true"><rect x="3" y="3" width="20" height="20" rx="5"/><path d="M3 10.5h20M3 17h20M8 6.8h3M8 13.8h3M8 20h3"/></svg>`;

/**
 * Answers with a page. `formTarget`: an origin beside our own to which its form may lead, as browsers count where a form's answer
 * sends them to.
 */
export function answerPage(
  context: OidcContext,
  page: { title: string; body: Html; status?: number; formTarget?: string },
): void {
  setPageHeaders(context, page.formTarget);
  context.status = page.status ?? 200;
  context.type = "html";
  context.body = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${page.title} · Larder</title>
<style>${{ html: pageStyle }}</style>
</head>
<body>
<header>${mark} Larder</header>
<main>
${page.body}
</main>
<footer>Signing in at ${context.get("host")}</footer>
</body>
</html>
`.html;
}

/** The empty `script-src` is where the library puts the hash of a script of its own, on the one page that has one. */
export function setPageHeaders(context: OidcContext, formTarget?: string): void {
  const formTargets = ["'self'", ...(formTarget === undefined ? [] : [formTarget])].join(" ");
  context.set(
    "content-security-policy",
    `default-src 'none'; style-src 'sha256-${styleHash}'; script-src; form-action ${formTargets}; base-uri 'none'; frame-ancestors 'none'`,
  );
  context.set("x-frame-options", "DENY");
  context.set("x-content-type-options", "nosniff");
  context.set("referrer-policy", "same-origin");
  context.set("cross-origin-opener-policy", "same-origin");
  context.set("cache-control", "no-store");
}

export function problemText(text: string | undefined): Html | undefined {
  return text === undefined ? undefined : html`<p class="problem" role="alert" id="problem">${text}</p>`;
}
