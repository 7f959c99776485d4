/**
 * The load generator: a fixed number of visitors who look at a page, think for a while, and go on. Measured with the cache off and on, on an
 * ordinary day and while a few shoes are on sale and ten times as many come to see these.
 *
 * The cache is measured as it is after the shop has been open for a while: before, the shelves and the popular shoes' pages are asked for once
 * each, as many as there is time for.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { categories, sizes } from "../catalog/categories.ts";
import { fullSize, productOfRank } from "../database/seed.ts";
import { Popularity } from "./popularity.ts";
import { comparison, type Phase, table } from "./table.ts";
import { LoadVisitor } from "./visitor.ts";

const visitorsUsual = 30;
const visitorsOnSale = 10 * visitorsUsual;
/** Mean of what a visitor takes to look at a page: people take longer, so that each stands for some of them. */
const thinkMs = 1_000;
const warmUpSeconds = 40;
const warmUpVisitors = 24;
const measuredSeconds = 12;
const shoesOnSale = 5;
const customersShare = 0.03;

const shelves = ["/", ...Object.keys(categories).map((category) => `/category/${category}`)];
const popularity = new Popularity(fullSize.products);
const searches = ["trail", "blue runner", "comet", "tennis", "ridge pro", "red", "cadence tempo", "walking grey"];

/** `urls`: of the shop's web processes. Prints as it goes on. */
export async function runLoad(urls: readonly string[], signal: AbortSignal): Promise<void> {
  console.log(
    `${visitorsUsual} visitors, then ${visitorsOnSale} of whom most want the ${shoesOnSale} shoes on sale.\n`,
  );
  const phases: Phase[] = [];
  for (const isCacheOn of [false, true]) {
    await turnCache(urls, isCacheOn);
    if (isCacheOn) await warmUp(urls, signal);
    for (const [name, isSale] of [
      ["ordinary day", false],
      ["flash sale", true],
    ] as const) {
      console.log(`measuring: ${name}, cache ${isCacheOn ? "on" : "off"} …`);
      phases.push(await runPhase({ urls, name, isCacheOn, seconds: measuredSeconds, isSale, signal }));
    }
  }
  const [dayOff, saleOff, dayOn, saleOn] = phases as [Phase, Phase, Phase, Phase];
  console.log(`\n${table(phases)}\n\n${comparison(dayOff, dayOn)}\n${comparison(saleOff, saleOn)}`);
}

async function warmUp(urls: readonly string[], signal: AbortSignal): Promise<void> {
  const end = AbortSignal.any([signal, AbortSignal.timeout(warmUpSeconds * 1_000)]);
  let rank = 0;
  const visitAll = async (url: string) => {
    const visitor = new LoadVisitor(url, () => {});
    for (const path of shelves) await visitor.look(path);
    while (!end.aborted && rank < fullSize.products)
      await visitor.look(`/shoes/${productOfRank(rank++, fullSize.products)}`);
  };
  await Promise.all(Array.from({ length: warmUpVisitors }, (_, index) => visitAll(urls[index % urls.length] ?? "")));
  console.log(`the cache knows the ${rank.toLocaleString("en")} most popular shoes`);
}

interface PhasePlan {
  urls: readonly string[];
  name: string;
  isCacheOn: boolean;
  seconds: number;
  isSale: boolean;
  signal: AbortSignal;
}

async function runPhase({ urls, name, isCacheOn, seconds, isSale, signal }: PhasePlan): Promise<Phase> {
  const phase: Phase = { name, isCacheOn, timesMs: [], failed: 0, seconds, queries: 0, orders: 0 };
  const queriesBefore = await queriesOf(urls);
  const end = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]);
  const count = isSale ? visitorsOnSale : visitorsUsual;
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      visit(phase, { url: urls[index % urls.length] ?? "", index, isSale, end }),
    ),
  );
  signal.throwIfAborted();
  phase.queries = (await queriesOf(urls)) - queriesBefore;
  return phase;
}

async function visit(
  phase: Phase,
  at: { url: string; index: number; isSale: boolean; end: AbortSignal },
): Promise<void> {
  const visitor = new LoadVisitor(at.url, (tookMs, isGood) => {
    phase.timesMs.push(tookMs);
    if (!isGood) phase.failed++;
  });
  // Not all in the same moment.
  await sleep(Math.random() * thinkMs, undefined, { signal: at.end }).catch(() => {});
  const isCustomer = at.index % Math.round(1 / customersShare) === 0;
  while (!at.end.aborted) {
    const product =
      at.isSale && Math.random() < 0.8
        ? 1 + Math.floor(Math.random() * shoesOnSale)
        : popularity.product(Math.random());
    await lookAround(visitor, product);
    if (isCustomer && Math.random() < 0.2) {
      if (!visitor.isSignedIn) await visitor.signIn(1 + (at.index % fullSize.users));
      await visitor.addToCart(product, pick(sizes));
      if (Math.random() < 0.5 && (await visitor.buy())) phase.orders++;
    }
    await sleep(-Math.log(1 - Math.random()) * thinkMs, undefined, { signal: at.end }).catch(() => {});
  }
}

async function lookAround(visitor: LoadVisitor, product: number): Promise<void> {
  const choice = Math.random();
  if (choice < 0.25) await visitor.look(pick(shelves));
  else if (choice < 0.28) await visitor.look(`/search?q=${encodeURIComponent(pick(searches))}`);
  else await visitor.look(`/shoes/${product}`);
}

async function turnCache(urls: readonly string[], isOn: boolean): Promise<void> {
  const body = JSON.stringify({ isOn });
  await fetch(`${urls[0]}/live/cache`, { method: "PUT", body, headers: { "content-type": "application/json" } });
  for (const url of urls) while ((await totalsOf(url)).isCacheOn !== isOn) await sleep(20);
}

async function queriesOf(urls: readonly string[]): Promise<number> {
  const totals = await Promise.all(urls.map(totalsOf));
  return totals.reduce((sum, { queries }) => sum + queries, 0);
}

async function totalsOf(url: string): Promise<{ queries: number; isCacheOn: boolean }> {
  return (await fetch(`${url}/live/totals`)).json() as Promise<{ queries: number; isCacheOn: boolean }>;
}

function pick<T>(values: readonly T[]): T {
  return values[Math.floor(Math.random() * values.length)] as T;
}
