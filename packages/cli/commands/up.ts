/** `larder up`: runs a whole service in the foreground until it is told to stop. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type AnyCache, isRunning, type RunningCache, takesConsole } from "../caches/any-cache.ts";
import { type Clock, systemClock } from "../clock.ts";
import { commandName } from "../command-name.ts";
import { withProgress } from "../progress.ts";
import { describeExit } from "../supervisor/daemon.ts";
import { spawnDaemon } from "../supervisor/daemon-process.ts";
import { type Holder, type OwnedDirectory, ownDataDirectory } from "../supervisor/data-directory.ts";
import { quickstartName } from "../supervisor/first-start.ts";
import { apiUrl, LocalService, type Ready } from "../supervisor/service.ts";
import { watchStopSignals } from "../supervisor/stop-signals.ts";
import { parseUpOptions, type UpArguments, type UpOptions } from "../supervisor/up-options.ts";
import { formatWelcome } from "../supervisor/welcome.ts";
import { systemTerminal, type Terminal } from "../terminal.ts";
import { formatDuration } from "../units.ts";

const packagesDirectory = join(import.meta.dirname, "../..");
/** A shell's status for a program that Ctrl-C ended. */
const interruptedStatus = 130;

interface UpContext {
  options: UpOptions;
  terminal: Terminal;
  clock: Clock;
}

export async function up(given: UpArguments): Promise<void> {
  const options = parseUpOptions(given, availableParallelism());
  const terminal = systemTerminal();
  keepRunningWithoutReader();
  const holder: Holder = { pid: process.pid, api: apiUrl(options) };
  const owned = ownDataDirectory(options.dataDirectory, holder);
  try {
    await runUntilStopped({ options, terminal, clock: systemClock }, owned);
  } finally {
    owned.release();
  }
}

async function runUntilStopped(context: UpContext, owned: OwnedDirectory): Promise<void> {
  const { options, terminal, clock } = context;
  const startedMs = clock.monotonicMs();
  const service = localService(context, owned);
  const signals = watchStopSignals(() => {
    terminal.err("Killed. Engines may run on; the next `larder up` takes them over.\n");
    service.kill();
    process.exit(interruptedStatus);
  });
  try {
    const ready = await withProgress({ terminal, clock, text: "Starting Larder", handlesSignals: true }, () =>
      Promise.race([service.start(), signals.first.then(() => undefined)]),
    );
    if (ready !== undefined) {
      await printWelcome({ terminal, dataDirectory: options.dataDirectory }, ready, clock.monotonicMs() - startedMs);
      await signals.first;
    }
    terminal.err(terminal.errColors.dim("Stopping gateway, engines and controller "));
  } catch (error) {
    await service.stop();
    throw error;
  }
  const stopMs = clock.monotonicMs();
  await service.stop();
  terminal.err(`${terminal.errColors.dim(`… stopped (${formatDuration(clock.monotonicMs() - stopMs)}).`)}\n`);
}

function localService({ options, terminal, clock }: UpContext, { layout }: OwnedDirectory): LocalService {
  const say = (text: string) => terminal.err(`${terminal.errColors.dim(timeOfDay(clock))} ${text}\n`);
  return new LocalService({
    options,
    layout,
    packagesDirectory,
    spawn: spawnDaemon,
    clock,
    events: {
      onCrash(plan, exit, delayMs) {
        const when = delayMs === 0 ? "restarting" : `restarting in ${formatDuration(delayMs)}`;
        const why = exit.error?.message ?? describeExit(exit);
        say(`${terminal.errColors.yellow(`The ${plan.name} ended`)} (${why}); ${when}.`);
      },
      onGivenUp: (plan, exit) =>
        say(`${terminal.errColors.red(`The ${plan.name} ended`)} (${exit.error?.message ?? describeExit(exit)})`),
      onRestarted: (plan, pid) => say(`The ${plan.name} runs again (process ${pid}).`),
    },
  });
}

async function printWelcome(
  { terminal, dataDirectory }: { terminal: Terminal; dataDirectory: string },
  ready: Ready,
  readyAfterMs: number,
): Promise<void> {
  const { caches, client } = ready;
  const shownable = caches.filter(isShownable);
  const cache = shownable.find(({ name }) => name === quickstartName) ?? shownable[0];
  const shown = cache && { cache, key: (await client.listKeys(cache.at)).primaryKey };
  terminal.out(
    formatWelcome({ ...ready, dataDirectory, shown, readyAfterMs, command: commandName() }, terminal.colors),
  );
}

/** The examples are for TLS and a key. */
function isShownable(cache: AnyCache): cache is RunningCache {
  return isRunning(cache) && takesConsole(cache);
}

/** `larder up | head -1` and a closed terminal must not end a service that others use. */
function keepRunningWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners("error");
    stream.on("error", () => {});
  }
}

function timeOfDay(clock: Clock): string {
  return new Date(clock.nowMs()).toTimeString().slice(0, "hh:mm:ss".length);
}
