/** The `larder` command. */
import { CommanderError } from "commander";
import { failureOf, formatFailure } from "./failure.ts";
import { createProgram } from "./program.ts";
import { endWhenReaderLeaves, systemTerminal } from "./terminal.ts";

/** Of sysexits: the command was used wrongly. */
const usageStatus = 64;

async function main(): Promise<number> {
  endWhenReaderLeaves();
  try {
    await createProgram().parseAsync();
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageStatus;
    const { err, errColors } = systemTerminal();
    const failure = failureOf(error);
    err(formatFailure(failure, errColors));
    return failure.exit;
  }
}

process.exitCode = await main();
