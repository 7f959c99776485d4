/** The options of `larder up`, from text to values. Everything that is wrong is said at once. */
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { LarderError } from "@larder/api/errors";
import { gatewayLimits } from "@larder/api/gateway-protocol";
import { isEveryAddress } from "@larder/api/host-text";
import { parsePrivateNetworks } from "@larder/api/private-network";
import { type CertificateArguments, type CertificateOptions, parseCertificate } from "./certificate-options.ts";

export const engineChoices = ["auto", "native", "embedded"] as const;
export type EngineChoice = (typeof engineChoices)[number];

export interface UpOptions {
  dataDirectory: string;
  host: string;
  /** As the gateway takes them: NAME=ADDRESS or NAME=ADDRESS@NAMESPACE. */
  privateNetworks: string[];
  apiPort: number;
  /** Of the embedded identity provider; undefined: there is none. */
  identityPort: number | undefined;
  tlsPort: number;
  portBase: number;
  gatewayWorkers: number;
  /** Agents on this machine, each a host with a loopback address of its own. */
  hosts: number;
  /** Beneath which its agents may have files of imports and exports; the first one is also for files that commands bring. */
  storageRoots: string[];
  /** Where agents of other machines come in; undefined: nowhere. */
  agentHost: string | undefined;
  agentPort: number;
  /** Whose tokens the management API takes, and for which audiences; none of these: the default ones. */
  apiIssuers: string[];
  apiAudiences: string[];
  /** Whose tokens clients of caches log in with, and for which audiences; none of these: the default ones. */
  tokenIssuers: string[];
  tokenAudiences: string[];
  /** At which other hosts reach this machine's engines. */
  address: string;
  zone: string | undefined;
  engine: EngineChoice;
  enginePath: string | undefined;
  readyFile: string | undefined;
  /** Under which caches have their names. */
  domain: string | undefined;
  /** Of the certificate of API and caches, as the controller's flags have it; empty: the built-in authority's. */
  certificate: CertificateOptions;
  /** With the key that seals what is kept; undefined: one in the data directory. */
  secretsKeyFile: string | undefined;
  quickstart: boolean;
}

/** As the command line gives them. */
export interface UpArguments extends CertificateArguments {
  dataDir: string;
  host: string;
  privateNetwork?: string | string[];
  apiPort: string;
  identity?: string;
  identityPort: string;
  tlsPort: string;
  portBase: string;
  gatewayWorkers?: string;
  hosts: string;
  storageRoot?: string | string[];
  agentHost?: string;
  agentPort: string;
  apiIssuer?: string | string[];
  apiAudience?: string | string[];
  tokenIssuer?: string | string[];
  tokenAudience?: string | string[];
  address?: string;
  zone?: string;
  engine: string;
  enginePath?: string;
  readyFile?: string;
  secretsKeyFile?: string;
  quickstart: boolean | string;
}

/** More would be a strange way to develop on one machine. */
export const hostsMax = 16;
const loopback = "127.0.0.1";

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
    privateNetworks: parseNetworks(given, problems),
    apiPort: port("--api-port", given.apiPort),
    identityPort: hasIdentity(given, problems) ? port("--identity-port", given.identityPort) : undefined,
    tlsPort: port("--tls-port", given.tlsPort),
    portBase: port("--port-base", given.portBase),
    gatewayWorkers: parseWorkers(given.gatewayWorkers, problems) ?? defaultGatewayWorkers(cores),
    hosts: parseHosts(given.hosts, problems),
    storageRoots: parseStorageRoots(given),
    agentHost: given.agentHost,
    agentPort: port("--agent-port", given.agentPort),
    apiIssuers: parseTexts(given.apiIssuer),
    apiAudiences: parseTexts(given.apiAudience),
    tokenIssuers: parseTexts(given.tokenIssuer),
    tokenAudiences: parseTexts(given.tokenAudience),
    address:
      given.address ?? (given.agentHost === undefined || isEveryAddress(given.agentHost) ? loopback : given.agentHost),
    zone: given.zone,
    engine: given.engine as EngineChoice,
    enginePath: given.enginePath === undefined ? undefined : resolve(given.enginePath),
    readyFile: given.readyFile === undefined ? undefined : resolve(given.readyFile),
    secretsKeyFile: given.secretsKeyFile === undefined ? undefined : resolve(given.secretsKeyFile),
    domain: given.domain,
    certificate: parseCertificate(given, problems),
    quickstart: parseSwitch(given.quickstart, problems),
  };
  problems.push(...hostProblems(options, given));
  if (given.host === "") problems.push("--host must not be empty");
  if (!(engineChoices as readonly string[]).includes(given.engine))
    problems.push(`--engine must be one of ${engineChoices.join(", ")}, not "${given.engine}"`);
  for (const [flag, other] of [
    ["--api-port", options.apiPort],
    ["--tls-port", options.tlsPort],
  ] as const)
    if (other === options.identityPort) problems.push(`${flag} and --identity-port must differ; both are ${other}`);
  if (options.apiPort !== 0 && options.apiPort === options.tlsPort)
    problems.push(`--api-port and --tls-port must differ; both are ${options.apiPort}`);
  if (problems.length > 0) throw new LarderError("ConfigInvalid", `${problems.join("; ")}.`);
  return options;
}

/** Unless it is said, only where nobody but this machine reaches it. */
function hasIdentity({ identity, host }: UpArguments, problems: string[]): boolean {
  if (identity === undefined) return ["127.0.0.1", "::1", "localhost"].includes(host);
  if (identity !== "embedded" && identity !== "off")
    problems.push(`--identity must be embedded or off, not "${identity}"`);
  return identity === "embedded";
}

/** From the environment they come as one text, with colons between them. */
function parseStorageRoots({ storageRoot, dataDir }: UpArguments): string[] {
  const roots = typeof storageRoot === "string" ? storageRoot.split(":") : (storageRoot ?? []);
  return roots.length === 0 ? [join(resolve(dataDir), "files")] : roots.map((root) => resolve(root));
}

/** From the environment they come as one text, with spaces between them. */
function parseTexts(given: string | string[] | undefined): string[] {
  return [given ?? []].flat().flatMap((text) => text.split(/\s+/).filter((each) => each !== ""));
}

/** From the environment they come as one text, with commas between them. */
function parseNetworks({ privateNetwork, host }: UpArguments, problems: string[]): string[] {
  const networks = typeof privateNetwork === "string" ? privateNetwork.split(",") : (privateNetwork ?? []);
  try {
    parsePrivateNetworks(networks, host);
  } catch (error) {
    problems.push((error as Error).message.replace(/\.$/, ""));
  }
  return networks;
}

function hostProblems(options: UpOptions, given: UpArguments): string[] {
  const problems: string[] = [];
  if (isIP(options.address) === 0)
    problems.push(
      `${given.address === undefined ? "--agent-host" : "--address"} must be an IP address, not "${options.address}"`,
    );
  if (given.agentHost !== undefined && isEveryAddress(given.agentHost) && given.address === undefined)
    problems.push(`--agent-host ${given.agentHost} needs --address: the one at which other hosts reach this machine`);
  if (options.hosts === 1) {
    if (options.agentHost === undefined) return problems;
  } else {
    if (given.agentHost !== undefined || given.address !== undefined)
      problems.push("--hosts is for development on loopback addresses and does not go with --agent-host or --address");
    options.agentHost = loopback;
  }
  for (const [flag, port] of [
    ["--api-port", options.apiPort],
    ["--tls-port", options.tlsPort],
  ] as const)
    if (port !== 0 && port === options.agentPort)
      problems.push(`${flag} and --agent-port must differ; both are ${port}`);
  return problems;
}

function parseHosts(given: string, problems: string[]): number {
  const value = /^\d{1,3}$/.test(given) ? Number(given) : 0;
  if (value < 1 || value > hostsMax)
    problems.push(`--hosts must be a whole number from 1 to ${hostsMax}, not "${given}"`);
  return value;
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
