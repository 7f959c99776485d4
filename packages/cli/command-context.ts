/** What every command works with. */
import { LarderError } from "@larder/api/errors";
import type { ManagementClient } from "@larder/api/management-client";
import { type Clock, systemClock } from "./clock.ts";
import { withProgress } from "./progress.ts";
import { openService, type ServiceConnection } from "./service-connection.ts";
import { openLogin, requireLoginAt } from "./sign-in/login-connection.ts";
import { printJson, systemTerminal, type Terminal } from "./terminal.ts";

/** Options that all commands but `up` have. */
export interface CommonOptions {
  dataDir: string;
  /** The service at this address, as who has signed in there. */
  api?: string;
  json?: boolean;
}

export interface CommandContext {
  terminal: Terminal;
  clock: Clock;
  service: ServiceConnection;
  client: ManagementClient;
  /** Prints a result: the document for scripts, or the text for people. */
  print(document: unknown, text: () => string): void;
  /** Runs what may take a while, with a spinner beside `text`. */
  during<T>(text: string, work: () => Promise<T>): Promise<T>;
}

/** Throws NotRunning when there is no service to talk to. */
export function openContext(options: CommonOptions): CommandContext {
  const terminal = systemTerminal();
  const service = findService(options);
  return {
    terminal,
    clock: systemClock,
    service,
    client: service.client,
    print: (document, text) => (options.json ? printJson(terminal, document) : terminal.out(text())),
    during: (text, work) => withProgress({ terminal, clock: systemClock, text }, work),
  };
}

/** The service of this machine for whoever may read its data directory, else the one at which somebody has signed in. */
function findService({ api, dataDir }: CommonOptions): ServiceConnection {
  if (api !== undefined) return requireLoginAt(api);
  try {
    return openService(dataDir);
  } catch (error) {
    const service = isMissing(error) ? openLogin(undefined) : undefined;
    if (service === undefined) throw error;
    return service;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof LarderError && (error.code === "NotRunning" || error.code === "DataDirectoryUnusable");
}
