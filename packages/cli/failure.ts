/** What a failed command tells the person, and the exit status that it tells the script. */
import { type ErrorCode, errorTable, LarderError } from "@larder/api/errors";
import type { Colors } from "./terminal.ts";

export interface Failure {
  message: string;
  hint: string | undefined;
  exit: number;
}

/** Writes a failure as every command does: one sentence, and a hint where one helps. */
export function formatFailure({ message, hint }: Pick<Failure, "message" | "hint">, colors: Colors): string {
  return `${colors.red("larder:")} ${message}\n${hint === undefined ? "" : `${colors.dim(`hint: ${hint}`)}\n`}`;
}

/** The parser's "error: unknown command 'creat'\n(Did you mean create?)", in the same words as all other failures. */
export function formatUsageError(text: string, colors: Colors): string {
  const [message = "", suggestion] = text
    .trim()
    .replace(/^error: /, "")
    .split("\n");
  const hint = suggestion?.replace(/^\((.*)\)$/, "$1").replace(/^Did/, "did");
  return formatFailure({ message, hint: hint ?? "--help after the command shows how it is used" }, colors);
}

/** What to do next, where the code alone decides it. */
const hints: Partial<Record<ErrorCode, string>> = {
  NotRunning: "start the service with `larder up`",
  HostRemoved: "to let it join again as a new host, remove its agent's data directory and start it with a new token",
  ResourceNotFound: "`larder list` shows the caches that there are",
  InvalidAuthenticationToken: "another service may use this data directory's address; look with `larder status`",
  EngineNotAvailable:
    "install one, for example `apt install valkey-server` or `brew install valkey`, or use `--engine embedded`",
};

/** A refusal whose remedy the caller knows better than the table above. */
export class CommandError extends LarderError {
  readonly hint: string;

  constructor(code: ErrorCode, message: string, hint: string) {
    super(code, message);
    this.hint = hint;
  }
}

export function failureOf(error: unknown): Failure {
  if (error instanceof CommandError)
    return { message: error.message, hint: error.hint, exit: errorTable[error.code].exit };
  if (error instanceof LarderError)
    return { message: withTarget(error), hint: hints[error.code], exit: errorTable[error.code].exit };
  return {
    message: `a fault in Larder itself: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    hint: undefined,
    exit: errorTable.InternalError.exit,
  };
}

/** The message, with the property at fault where it does not name it itself. */
function withTarget(error: LarderError): string {
  const property = error.target?.replace(/^properties\./, "");
  const named = property === undefined || property.startsWith("/") || error.message.includes(property);
  return named ? error.message : `${error.message} (${property})`;
}
