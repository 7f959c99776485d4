/**
 * A script of plan-script.ts, played with the controller killed after one of its lines, and on until all is at rest: for
 * tests that the end does not depend on whether the controller died on the way.
 */
import { allNodes, provisioningState } from "../../documents/cache-document.ts";
import { ScriptedCache, scriptLines } from "./plan-script.ts";

/** Enough for everything that a script begins to end, also where it has to begin again. */
const roundsToRest = 16;
const reportsInRound = 3;

/** `killedAfter` counts lines from 0; undefined: it lives. */
export function play(script: string, killedAfter: number | undefined): ScriptedCache {
  const life = new ScriptedCache();
  const last = new Map<string, string>();
  scriptLines(script).forEach((line, index) => {
    const event = (line.split(" => ")[0] as string).trim();
    last.set(event.split(":")[0] as string, event);
    report(life, event);
    life.step();
    if (index !== killedAfter) return;
    report(life, "restart");
    life.step();
    for (const event of reports(life, last)) report(life, event);
  });
  for (let round = 0; round < roundsToRest; round++) {
    for (let time = 0; time < reportsInRound; time++)
      for (const event of reports(life, last)) {
        report(life, event);
        life.step();
      }
    report(life, "after 5s");
    life.step();
  }
  return life;
}

/** What the owner sees; how often the route was written on the way there may differ. */
export function outcome({ cache, transfers }: ScriptedCache): string {
  if (cache === undefined) return "gone";
  const { ports, failure, move, relieve, update, nodes, generation, settledGeneration } = cache;
  const served = cache.route.node === null ? "nobody" : "somebody";
  const isSettled = generation === settledGeneration;
  const engines = nodes.map(({ engine, memoryBytes }) => [engine?.version ?? "", memoryBytes]).sort();
  return JSON.stringify({
    state: provisioningState(cache),
    isSettled,
    ports,
    failure,
    served,
    engines,
    move,
    relieve,
    update,
    intake: cache.intake,
    transfers: transfers.map(({ transferId, status }) => [transferId, status]),
  });
}

/** What everybody said last, which they say again; a node that the script does not know is as well as it can be. */
function reports({ cache }: ScriptedCache, last: ReadonlyMap<string, string>): string[] {
  const nodes = cache === undefined ? [] : allNodes(cache);
  const names = nodes.map(({ nodeId }) => String(nodeId));
  const said = (name: string) => last.get(name) ?? (name === "a" ? last.get("agent") : undefined);
  const ofNodes = names.flatMap((name) => {
    const event = said(name) ?? (nodes.length > 1 ? `${name}: running` : undefined);
    if (event === undefined) return [];
    const hasCopied = /: (running|ended|copied \d+)$/.test(event) && names.length > 1;
    return hasCopied ? [`${name}: running`, `${name}: copied 999`] : [event];
  });
  const ofTransfers = [...last].flatMap(([name, event]) => (/^t\d$/.test(name) ? event : []));
  const gateway = last.get("gateway");
  if (gateway === undefined) return ofNodes;
  return [
    ...ofNodes,
    ...ofTransfers,
    /: (prepared|drained|expired|serving)$/.test(gateway) ? "gateway: follows" : gateway,
  ];
}

function report(life: ScriptedCache, event: string): void {
  if (life.cache !== undefined) life.happen(event);
}
