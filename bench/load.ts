/**
 * One run of the load generator, valkey-benchmark: a closed loop of clients, each with one pipeline in flight. Its
 * requests per second include opening the connections and, with TLS, the handshakes.
 *
 * It takes the password only as an argument, which others on the machine can read: it is never given one that outlives
 * the run.
 */
import { cpus } from "node:os";

export interface Load {
  clients: number;
  pipeline: number;
  command: "GET" | "SET";
  valueBytes: number;
}

export interface Endpoint {
  port: number;
  /** The certificate authority's PEM file; null for plain text. */
  caPath: string | null;
  /** Left out: whose the password is by itself. */
  user?: string;
  password: string | null;
}

export interface LoadResult {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU time of the generator itself. */
  generatorMicros: number;
}

/** On two cores a second thread takes from the servers what it gains: every target's rate fell by a tenth. */
export const generatorThreads = cpus().length < 4 ? 1 : 2;

export const keyCount = 10_000;
const runTimeoutMs = 60_000;
/** What OpenSSL agrees on with itself; fixed, so that every target does the same cryptography. */
const cipherSuite = "TLS_AES_256_GCM_SHA384";

export async function runLoad(
  endpoint: Endpoint,
  load: Load,
  requests: number,
  signal: AbortSignal,
): Promise<LoadResult> {
  const generator = Bun.spawn(["valkey-benchmark", ...loadArguments(endpoint, load, requests)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: runTimeoutMs,
    signal,
  });
  const [output, errors] = await Promise.all([
    new Response(generator.stdout).text(),
    new Response(generator.stderr).text(),
  ]);
  await generator.exited;
  signal.throwIfAborted();
  if (generator.exitCode !== 0)
    throw new Error(`valkey-benchmark failed on port ${endpoint.port}: ${errors.trim() || output.trim()}`);
  return { ...parseCsv(output), generatorMicros: Number(generator.resourceUsage()?.cpuTime.total ?? 0) };
}

/** Writes every key, in the size that the load reads, so that each GET finds a value. */
export async function fillKeys(endpoint: Endpoint, valueBytes: number, signal: AbortSignal): Promise<void> {
  const load: Load = { clients: 10, pipeline: 32, command: "SET", valueBytes };
  await runLoad(endpoint, load, 12 * keyCount, signal);
}

function loadArguments(endpoint: Endpoint, load: Load, requests: number): string[] {
  return [
    ...["-h", endpoint.caPath === null ? "127.0.0.1" : "localhost", "-p", String(endpoint.port)],
    ...(endpoint.caPath === null ? [] : ["--tls", "--cacert", endpoint.caPath, "--tls-ciphersuites", cipherSuite]),
    ...(endpoint.user === undefined ? [] : ["--user", endpoint.user]),
    ...(endpoint.password === null ? [] : ["-a", endpoint.password]),
    ...["-c", String(load.clients), "-P", String(load.pipeline), "-d", String(load.valueBytes)],
    ...["-t", load.command.toLowerCase(), "-r", String(keyCount), "-n", String(requests), "--csv"],
    ...(generatorThreads === 1 ? [] : ["--threads", String(generatorThreads)]),
  ];
}

/** The last line of a table whose columns are named in the first: "test","rps",…,"p50_latency_ms",… */
export function parseCsv(output: string): Omit<LoadResult, "generatorMicros"> {
  const lines = output.split("\n").filter((line) => line.startsWith('"'));
  const names = cellsOf(lines[0]);
  const values = cellsOf(lines.at(-1));
  const number = (name: string) => {
    const value = Number(values[names.indexOf(name)]);
    if (lines.length < 2 || Number.isNaN(value))
      throw new Error(`valkey-benchmark printed no ${name}: ${output.trim()}`);
    return value;
  };
  return { requestsPerSecond: number("rps"), p50Ms: number("p50_latency_ms"), p99Ms: number("p99_latency_ms") };
}

function cellsOf(line: string | undefined): string[] {
  return (line ?? "").split(",").map((cell) => cell.replaceAll('"', ""));
}
