// Draws what the web processes tell once a second. Each second of the chart is the sum of both; the slower one's time counts.
import uPlot from "/uplot/uPlot.esm.js";

const secondsShown = 120;
const heightPx = 170;
const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();

const count = (value) => (value === null ? "–" : Math.round(value).toLocaleString("en"));
const charts = {
  requests: { lines: [["requests", (second) => second.requests]], format: count },
  p95: {
    lines: [["p95", (second) => second.p95Ms]],
    format: (value) => (value === null ? "–" : `${value.toFixed(1)} ms`),
  },
  hits: {
    lines: [["hits", hitRate]],
    format: (value) => (value === null ? "–" : `${value.toFixed(1)} %`),
    range: [0, 100],
  },
  queries: { lines: [["queries", (second) => second.queries]], format: count },
  events: {
    lines: [
      ["stale", (second) => second.stale],
      ["fenced", (second) => second.fenced],
    ],
    format: count,
  },
  orders: {
    lines: [
      ["done", (second) => second.orders],
      ["waiting", (second) => second.ordersWaiting],
    ],
    format: count,
  },
};

/** By the second; each holds what each process told of it. */
const told = new Map();
let doneBefore = null;

for (const [id, chart] of Object.entries(charts)) chart.plot = makePlot(document.getElementById(`chart-${id}`), chart);
new ResizeObserver(resize).observe(document.querySelector(".charts"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => location.reload());
setInterval(draw, 1_000);

const events = new EventSource("/live/events?lastEventId=0-0");
const state = document.getElementById("live-state");
events.onerror = () => (state.textContent = "The connection was lost; trying again …");
events.onmessage = ({ data }) => {
  const second = JSON.parse(data);
  const { at } = second;
  const processes = told.get(at) ?? new Map();
  told.set(at, processes.set(second.port, second));
};

const cacheSwitch = document.getElementById("cache-switch");
cacheSwitch.addEventListener("change", async () => {
  const body = JSON.stringify({ isOn: cacheSwitch.checked });
  await fetch("/live/cache", { method: "PUT", body, headers: { "content-type": "application/json" } });
});

function draw() {
  // Of the newest second not all have told yet.
  const times = [...told.keys()].sort((a, b) => a - b).slice(0, -1);
  for (const time of times.splice(0, Math.max(0, times.length - secondsShown))) told.delete(time);
  if (times.length === 0) return;
  doneBefore = null;
  const seconds = times.map((time) => together([...told.get(time).values()]));
  const latest = seconds.at(-1);
  for (const [id, { lines, format, plot }] of Object.entries(charts)) {
    const values = lines.map(([, of]) => seconds.map(of));
    plot.setData([times, ...values]);
    const now = lines.map(([name], index) => `${format(values[index].at(-1))}${lines.length > 1 ? ` ${name}` : ""}`);
    document.querySelector(`#chart-${id} [data-now]`).textContent = now.join(" · ");
  }
  if (document.activeElement !== cacheSwitch) cacheSwitch.checked = latest.isCacheOn;
  state.textContent = `${latest.processes === 1 ? "One web process" : `${latest.processes} web processes`}, the cache is ${latest.isCacheOn ? "on" : "off"}.`;
}

function together(processes) {
  const sum = (name) => processes.reduce((total, each) => total + each[name], 0);
  const times = processes.map(({ p95Ms }) => p95Ms).filter((time) => time !== null);
  const ordersDone = Math.max(...processes.map((each) => each.ordersDone));
  const orders = doneBefore === null ? 0 : Math.max(0, ordersDone - doneBefore);
  doneBefore = ordersDone;
  return {
    processes: processes.length,
    requests: sum("requests"),
    p95Ms: times.length === 0 ? null : Math.max(...times),
    hits: sum("hits"),
    misses: sum("misses"),
    stale: sum("stale"),
    fenced: sum("fenced"),
    queries: sum("queries"),
    isCacheOn: processes.every((each) => each.isCacheOn),
    orders,
    ordersWaiting: Math.max(...processes.map((each) => each.ordersWaiting)),
  };
}

function hitRate({ hits, misses }) {
  return hits + misses === 0 ? null : (100 * hits) / (hits + misses);
}

function makePlot(section, { lines, range }) {
  const strokes = [colour("--accent"), colour("--second")];
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const options = {
    width: 300,
    height: heightPx,
    cursor: { y: false },
    legend: { show: false },
    padding: [8, 12, 0, 0],
    scales: { y: { range: range ?? ((_plot, _min, max) => [0, Math.max(1, max * 1.15)]) } },
    axes: [
      { ...axis, values: "{HH}:{mm}:{ss}", space: 90 },
      { ...axis, size: 52 },
    ],
    series: [
      {},
      ...lines.map(([label], index) => ({
        label,
        stroke: strokes[index],
        width: 2,
        fill: index === 0 ? `color-mix(in srgb, ${strokes[0]} 14%, transparent)` : undefined,
        points: { show: false },
      })),
    ],
  };
  return new uPlot(options, [[], ...lines.map(() => [])], section.querySelector("[data-plot]"));
}

function resize() {
  for (const [id, { plot }] of Object.entries(charts)) {
    const width = document.querySelector(`#chart-${id} [data-plot]`).clientWidth;
    if (width > 0) plot.setSize({ width, height: heightPx });
  }
}
