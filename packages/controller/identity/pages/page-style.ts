/** The one style sheet, inside of each page: nothing is fetched from anywhere. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --back: #f2f1ec; --card: #ffffff; --text: #1f2421; --soft: #5a625d; --line: #8b948e; --faint: #dcdfd8;
  --accent: #1c6b4f; --accent-strong: #14513b; --on-accent: #ffffff; --bad: #a3261b; --bad-back: #fbeae7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #151816; --card: #1e2320; --text: #edf0ec; --soft: #aab3ad; --line: #77817b; --faint: #343b37;
    --accent: #58c39a; --accent-strong: #7ad6b2; --on-accent: #0c1f17; --bad: #ff9c8f; --bad-back: #3a1f1c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; padding: 2rem 1rem; display: grid; place-content: center; justify-items: center; gap: 1.25rem;
  grid-template-columns: minmax(0, 25rem); background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
}
header { display: flex; align-items: center; gap: .55rem; font-weight: 650; font-size: 1.1rem; letter-spacing: -.01em; }
header svg { color: var(--accent); }
main { width: 100%; background: var(--card); border: 1px solid var(--faint); border-radius: .9rem; padding: 2rem; }
h1 { margin: 0 0 .5rem; font-size: 1.45rem; line-height: 1.25; font-weight: 650; letter-spacing: -.015em; }
p { margin: 0 0 1rem; color: var(--soft); overflow-wrap: anywhere; }
p:last-child { margin-bottom: 0; }
strong { color: var(--text); font-weight: 600; }
form { display: grid; gap: 1.1rem; margin: 1.4rem 0 0; }
label { display: grid; gap: .35rem; font-weight: 550; }
input {
  width: 100%; padding: .65rem .8rem; font: inherit; font-weight: 400; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: .5rem;
}
input.code, .shown-code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; letter-spacing: .12em; }
input.code { text-transform: uppercase; font-size: 1.35rem; text-align: center; }
.shown-code {
  display: block; padding: .8rem; margin: 0 0 1rem; font-size: 1.55rem; text-align: center; color: var(--text);
  background: var(--back); border-radius: .5rem;
}
.buttons { display: flex; flex-wrap: wrap; gap: .7rem; }
button {
  flex: 1 1 auto; padding: .7rem 1.2rem; font: inherit; font-weight: 600; cursor: pointer; border-radius: .5rem;
  border: 1px solid var(--accent); background: var(--accent); color: var(--on-accent);
}
button:hover { background: var(--accent-strong); border-color: var(--accent-strong); }
button.quiet { background: transparent; color: var(--text); border-color: var(--line); }
button.quiet:hover { background: var(--back); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.problem { padding: .7rem .9rem; margin: 1rem 0 0; color: var(--bad); background: var(--bad-back); border-radius: .5rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .35rem 1rem; margin: 0 0 1rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: .85rem; text-align: center; }
@media (max-width: 24rem) { main { padding: 1.4rem; } }
`;
