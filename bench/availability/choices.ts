/** What of the benchmark is to be run: `--only moves,kills --clients 50 --quick`. */
import { parseArgs } from "node:util";
import { type Scenario, scenarios } from "./runs.ts";

export interface Choices {
  scenarios: readonly Scenario[];
  clients: readonly number[];
  isQuick: boolean;
  /** Of the files of results. */
  resultName: string;
}

const defaultClients = [50, 500];
const clientsMax = 900;

/** undefined where the arguments make no sense. */
export function parseChoices(args: readonly string[]): Choices | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { only: { type: "string" }, clients: { type: "string" }, quick: { type: "boolean" } },
    });
    const chosen = scenariosOf(values.only);
    const clients = values.clients === undefined ? defaultClients : values.clients.split(",").map(Number);
    if (chosen === undefined || !clients.every((count) => count >= 10 && count <= clientsMax)) return undefined;
    const isQuick = values.quick === true;
    const parts = [
      ...(values.only === undefined ? [] : chosen),
      ...(values.clients === undefined ? [] : clients),
      ...(isQuick ? ["quick"] : []),
    ];
    return { scenarios: chosen, clients, isQuick, resultName: ["availability", ...parts].join("-") };
  } catch {
    return undefined;
  }
}

function scenariosOf(only: string | undefined): Scenario[] | undefined {
  if (only === undefined) return [...scenarios];
  const names = only.split(",");
  const known = scenarios.filter((scenario) => names.includes(scenario));
  return known.length === names.length ? known : undefined;
}
