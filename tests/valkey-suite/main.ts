/**
 * `npm run suite`: Valkey's own test suite, first against Valkey itself, then through the gateway. Every test that passes
 * against Valkey must pass through the gateway, unless excluded.json has it, with its reason.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Comparison, compareUnit } from "./compare.ts";
import { exclusionsOf, readExclusions } from "./exclusions.ts";
import { runUnit, type UnitResult } from "./run-unit.ts";
import { type Profile, profiles } from "./suite-profile.ts";
import { cacheFolder, prepareSuite, type Suite } from "./suite-source.ts";

const usage = `npm run suite                            both profiles, all units
npm run suite -- --source DIR            with the source of Valkey in DIR, of the version that is installed
npm run suite -- --filter TEXT           only units whose name contains TEXT; may be repeated
npm run suite -- --profile NAME          only "transparent" or "service"
npm run suite -- --fresh                 also runs against Valkey what is known from an earlier run`;

const abort = new AbortController();
const { signal } = abort;

interface Choices {
  source: string | undefined;
  filter: string[];
  profiles: readonly Profile[];
  fresh: boolean;
}

function parseChoices(): Choices {
  const { values } = parseArgs({
    options: {
      source: { type: "string" },
      filter: { type: "string", multiple: true, default: [] },
      profile: { type: "string" },
      fresh: { type: "boolean", default: false },
    },
  });
  const chosen = profiles.filter((profile) => values.profile === undefined || values.profile === profile.name);
  if (chosen.length === 0) throw new Error(`there is no profile ${values.profile}`);
  return { source: values.source, filter: values.filter, profiles: chosen, fresh: values.fresh };
}

async function main(): Promise<number> {
  let choices: Choices;
  let suite: Suite;
  try {
    choices = parseChoices();
    suite = await prepareSuite(choices.source);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 64;
  }
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => abort.abort());
  try {
    let isGood = true;
    for (const profile of choices.profiles) isGood = (await runProfile(suite, profile, choices)) && isGood;
    return isGood ? 0 : 1;
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  } finally {
    rmSync(suite.directory, { recursive: true, force: true });
  }
}

async function runProfile(suite: Suite, profile: Profile, choices: Choices): Promise<boolean> {
  console.log(`\nValkey ${suite.version}, profile ${profile.name}`);
  const exclusions = readExclusions();
  const total = { passedBoth: 0, excluded: 0, unexpected: 0, outdated: 0 };
  const units = suite.units.filter((unit) => matches(unit, choices.filter));
  for (const unit of units) {
    const engine = await baseline(suite, profile, unit, choices.fresh);
    if (![...engine.tests.values()].some((test) => test.failed === 0)) continue;
    const excluded = exclusionsOf(unit, profile.name, exclusions);
    const { directory } = suite;
    const { skipped } = excluded;
    const gateway = await runUnit({ signal, directory, unit, profile, target: "gateway", skipped });
    const comparison = compareUnit(engine, gateway, excluded);
    report(unit, comparison, gateway.trouble);
    total.passedBoth += comparison.passedBoth;
    total.excluded += comparison.excluded.length;
    total.unexpected += comparison.unexpected.length;
    total.outdated += comparison.outdated.length;
  }
  const { passedBoth, excluded, unexpected, outdated } = total;
  console.log(
    `${profile.name}: ${passedBoth} ok in both, ${excluded} excluded, ${unexpected} unexpected, ${outdated} on the list that pass or are gone`,
  );
  return unexpected === 0 && outdated === 0 && passedBoth > 0;
}

function matches(unit: string, filters: readonly string[]): boolean {
  return filters.length === 0 || filters.some((filter) => unit.includes(filter));
}

/** What Valkey itself passes does not change while the version is the same: it is kept. */
async function baseline(suite: Suite, profile: Profile, unit: string, isFresh: boolean): Promise<UnitResult> {
  const file = join(cacheFolder(suite.version), `${profile.name}-${unit.replaceAll("/", "-")}.json`);
  if (!isFresh && existsSync(file)) {
    const kept = JSON.parse(readFileSync(file, "utf8")) as { tests: [string, never][]; trouble: string[] };
    return { tests: new Map(kept.tests), trouble: kept.trouble };
  }
  const { directory } = suite;
  const result = await runUnit({ signal, directory, unit, profile, target: "engine", skipped: new Set() });
  writeFileSync(file, JSON.stringify({ tests: [...result.tests], trouble: result.trouble }));
  return result;
}

function report(unit: string, comparison: Comparison, trouble: readonly string[]): void {
  const { passedBoth, excluded, unexpected, outdated } = comparison;
  console.log(`  ${unit}: ${passedBoth} ok, ${excluded.length} excluded, ${unexpected.length} unexpected`);
  for (const { name, detail } of unexpected)
    console.log(indent(4, `unexpected: ${name}\n${detail.replaceAll(/^/gm, "  ")}`));
  for (const name of outdated) console.log(indent(4, `on the list, but it passes or is gone: ${name}`));
  if (unexpected.length > 0) for (const text of trouble) console.log(indent(4, `trouble: ${text}`));
}

function indent(width: number, text: string): string {
  return text.replaceAll(/^/gm, " ".repeat(width));
}

process.exit(await main());
