/** The shop at work. The script draws. */
import { html } from "./html.ts";
import { layout } from "./layout.ts";

const charts = [
  ["requests", "Requests a second"],
  ["p95", "Response time, 95th percentile"],
  ["hits", "Hit rate"],
  ["queries", "Database queries a second"],
  ["events", "Stale and fenced values"],
  ["orders", "Orders"],
] as const;

export function livePage(): string {
  return layout({
    title: "Live",
    scripts: ["/live.js"],
    styles: ["/uplot/uPlot.min.css"],
    content: html`
      <div class="live-head">
        <h1>The shop at work</h1>
        <label class="switch"><input type="checkbox" role="switch" id="cache-switch" checked> <span>Cache</span></label>
      </div>
      <p class="faint" id="live-state" role="status">Waiting for the first second …</p>
      <div class="charts">${charts.map(
        ([id, title]) => html`<section class="chart" id="chart-${id}" aria-label="${title}">
          <h2>${title}</h2><p class="now" data-now>–</p><div data-plot></div></section>`,
      )}</div>`,
  });
}
