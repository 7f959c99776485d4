/** The options of `larder up`, from text to values. Everything that is wrong is said at once. */
import { resolve } from "node:path";
import { LarderError } from "@larder/api/errors";
import { gatewayLimits } from "@larder/api/gateway-protocol";

export const engineChoices = ["auto", "native", "embedded"] as const;
export type EngineChoice = (typeof engineChoices)[number];

export interface UpOptions {
  dataDirectory: string;
  host: string;
  apiPort: number;
  tlsPort: number;
  portBase: number;
  gatewayWorkers: number;
  engine: EngineChoice;
  enginePath: string | undefined;
  readyFile: string | undefined;
  quickstart: boolean;
}

/** As the command line gives them. */
export interface UpArguments {
  dataDir: string;
  host: string;
  apiPort: string;
  tlsPort: string;
  portBase: string;
  gatewayWorkers?: string;
  engine: string;
  enginePath?: string;
  readyFile?: string;
  quickstart: boolean | string;
}

/** One leaves nothing idle on a small machine; on a large one engines and applications need the other half. */
export function defaultGatewayWorkers(cores: number): number {
  return cores <= 2 ? 1 : Math.min(8, Math.floor(cores / 2));
}

/** `cores` of the machine. Throws ConfigInvalid. */
export function parseUpOptions(given: UpArguments, cores: number): UpOptions {
  const problems: string[] = [];
  const port = (flag: string, text: string) => {
    const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    if (value < 1 || value > 65_535) problems.push(`${flag} must be a port from 1 to 65535, not "${text}"`);
    return value;
  };
  const options: UpOptions = {
    dataDirectory: resolve(given.dataDir),
    host: given.host,
    apiPort: port("--api-port", given.apiPort),
    tlsPort: port("--tls-port", given.tlsPort),
    portBase: port("--port-base", given.portBase),
    gatewayWorkers: parseWorkers(given.gatewayWorkers, problems) ?? defaultGatewayWorkers(cores),
    engine: given.engine as EngineChoice,
    enginePath: given.enginePath === undefined ? undefined : resolve(given.enginePath),
    readyFile: given.readyFile === undefined ? undefined : resolve(given.readyFile),
    quickstart: parseSwitch(given.quickstart, problems),
  };
  if (given.host === "") problems.push("--host must not be empty");
  if (!(engineChoices as readonly string[]).includes(given.engine))
    problems.push(`--engine must be one of ${engineChoices.join(", ")}, not "${given.engine}"`);
  if (options.apiPort !== 0 && options.apiPort === options.tlsPort)
    problems.push(`--api-port and --tls-port must differ; both are ${options.apiPort}`);
  if (problems.length > 0) throw new LarderError("ConfigInvalid", `${problems.join("; ")}.`);
  return options;
}

function parseWorkers(given: string | undefined, problems: string[]): number | undefined {
  if (given === undefined) return undefined;
  const value = /^\d{1,5}$/.test(given) ? Number(given) : 0;
  const { workersMax } = gatewayLimits;
  if (value < 1 || value > workersMax)
    problems.push(`--gateway-workers must be a whole number from 1 to ${workersMax}, not "${given}"`);
  return value;
}

function parseSwitch(given: boolean | string, problems: string[]): boolean {
  if (typeof given === "boolean") return given;
  if (given === "true" || given === "false") return given === "true";
  problems.push(`LARDER_QUICKSTART must be true or false, not "${given}"`);
  return true;
}
