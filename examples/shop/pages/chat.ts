/** The chat's page, with what was said so far. */
import { html } from "./html.ts";
import { layout } from "./layout.ts";

export interface ChatView {
  said: readonly { from: string; text: string }[];
  members: readonly string[];
  /** Of the last event that the page knows. */
  position: string;
  name: string;
  token: string;
}

export function chatPage({ said, members, position, name, token }: ChatView): string {
  return layout({
    title: "Chat",
    scripts: ["/chat.js"],
    content: html`<h1>Talk about shoes</h1>
      <div class="talk" data-position="${position}">
        <section aria-label="Messages">
          <ol id="said" aria-live="polite" tabindex="0">${said.map(({ from, text }) => html`<li><strong>${from}</strong> ${text}</li>`)}</ol>
          <form method="post" action="/chat" id="say">
            <input type="hidden" name="token" value="${token}">
            <input name="text" maxlength="500" required autocomplete="off" aria-label="Your message" placeholder="You are ${name}">
            <button class="button">Say</button>
          </form>
        </section>
        <section><h2>Here now</h2><ul id="members">${members.map((member) => html`<li>${member}</li>`)}</ul></section>
      </div>`,
  });
}
