/**
 * One unit of the suite against one server, with a new engine, so that units do not see each other's leavings. A test that
 * hangs ends the suite's run; the unit is then run again without it, so that the others still have their turn.
 */
import { freePorts } from "../fixture/free-ports.ts";
import { startGateway } from "../fixture/gateway.ts";
import { startValkey } from "../fixture/valkey.ts";
import { parseSuiteOutput, type SuiteOutput } from "./suite-output.ts";
import { engineOf, type Profile, routeUserOf } from "./suite-profile.ts";

/** A test without any progress for so long hangs. The slowest that pass take a third of it on a small machine. */
const hangSeconds = 60;
const unitTimeoutMs = 15 * 60_000;
const hangsMax = 8;

export interface UnitResult {
  tests: SuiteOutput["tests"];
  /** What kept tests from being run. */
  trouble: string[];
}

export interface UnitRun {
  /** Ends the run, and what it started. */
  signal: AbortSignal;
  directory: string;
  unit: string;
  profile: Profile;
  target: "engine" | "gateway";
  /** Names of tests that are not run. */
  skipped: ReadonlySet<string>;
}

interface Ports {
  server: number;
  engine: number;
  /** The suite's own processes meet there. */
  suite: number;
}

export async function runUnit(run: UnitRun): Promise<UnitResult> {
  const result: UnitResult = { tests: new Map(), trouble: [] };
  const skipped = new Set(run.skipped);
  for (let hangs = 1; ; hangs++) {
    const output = parseSuiteOutput(await runOnce({ ...run, skipped }));
    for (const [name, test] of output.tests) if (!result.tests.has(name)) result.tests.set(name, test);
    result.trouble.push(...output.trouble);
    if (output.hung === undefined) {
      if (!output.isDone && output.trouble.length === 0) result.trouble.push("the suite ended before the unit did");
      return result;
    }
    const where = `no progress for ${hangSeconds} s ${output.hung.where} "${output.hung.name}"`;
    if (output.hung.where === "after" || hangs === hangsMax) {
      result.trouble.push(where);
      return result;
    }
    result.tests.set(output.hung.name, { passed: 0, failed: 1, detail: where });
    skipped.add(output.hung.name);
  }
}

async function runOnce(run: UnitRun): Promise<string> {
  const [enginePort, suite] = (await freePorts(2)) as [number, number];
  const engine = await startValkey(engineOf(run.profile, enginePort));
  const { refusedCommands } = run.profile;
  const user = routeUserOf(run.profile);
  const served =
    run.target === "engine"
      ? undefined
      : await startGateway({ clientsMax: 10_000, refusedCommands, users: [user], ownLogin: user }, engine);
  try {
    return await runSuite(run, { server: served?.plainPort ?? enginePort, engine: enginePort, suite });
  } finally {
    await (served ?? engine).stop();
  }
}

async function runSuite(run: UnitRun, ports: Ports): Promise<string> {
  const child = Bun.spawn(["./runtest", ...suiteArguments(run, ports)], {
    cwd: run.directory,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    // A group of its own, so that its own children end with it.
    detached: true,
    env: {
      ...process.env,
      TERM: "dumb",
      SUITE_ENGINE_PORT: String(ports.engine),
      SUITE_OPERATOR_COMMANDS: run.profile.operatorCommands.join(" "),
    },
  });
  const end = () => process.kill(-child.pid, "SIGKILL");
  const timer = setTimeout(end, unitTimeoutMs);
  run.signal.addEventListener("abort", end);
  try {
    const output = await new Response(child.stdout).text();
    run.signal.throwIfAborted();
    return output;
  } finally {
    clearTimeout(timer);
    run.signal.removeEventListener("abort", end);
    await child.exited;
  }
}

/** `--durable`: a failing test does not end the run. The suite looks for its own port in the 32 below its base port. */
function suiteArguments({ unit, skipped }: UnitRun, { server, suite }: Ports): string[] {
  const options = { host: "127.0.0.1", port: server, baseport: suite + 32, single: unit, timeout: hangSeconds };
  return [
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    "--durable",
    ...[...skipped].flatMap((name) => ["--skiptest", name]),
  ];
}
