/** What every command works with. */
import type { ManagementClient } from "@larder/api/management-client";
import { type Clock, systemClock } from "./clock.ts";
import { withProgress } from "./progress.ts";
import { openService, type ServiceConnection } from "./service-connection.ts";
import { printJson, systemTerminal, type Terminal } from "./terminal.ts";

/** Options that all commands but `up` have. */
export interface CommonOptions {
  dataDir: string;
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
  const service = openService(options.dataDir);
  return {
    terminal,
    clock: systemClock,
    service,
    client: service.client,
    print: (document, text) => (options.json ? printJson(terminal, document) : terminal.out(text())),
    during: (text, work) => withProgress({ terminal, clock: systemClock, text }, work),
  };
}
