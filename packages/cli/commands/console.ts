/** `larder console NAME`: commands to a cache: at a prompt, given as arguments, or on standard input. */
import { join } from "node:path";
import { findCache } from "../cache-lookup.ts";
import { tlsEndpoint } from "../caches/any-cache.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import type { ConsoleTarget } from "../console/console-connection.ts";
import { HistoryFile } from "../console/history-file.ts";

export interface ConsoleOptions extends CommonOptions {
  resourceGroup?: string;
  resp3?: boolean;
}

export async function openConsole(name: string, command: string[], options: ConsoleOptions): Promise<void> {
  const { client, service, terminal } = openContext(options);
  const { cache, at } = await findCache(client, name, options.resourceGroup);
  const { host, tlsPort } = tlsEndpoint(cache);
  const target: ConsoleTarget = {
    host,
    port: tlsPort,
    key: (await client.listKeys(at)).primaryKey,
    ca: service.ca,
    isResp3: options.resp3 ?? false,
  };
  if (command.length === 0 && terminal.isInTerminal && terminal.isOutTerminal) {
    const { Prompt } = await import("../console/prompt.ts");
    const history = new HistoryFile(join(service.dataDirectory, "console-history"));
    await new Prompt({ name: cache.name, target, terminal, history }).run();
    return;
  }
  const { runCommands } = await import("../console/batch.ts");
  const style = options.json ? "json" : terminal.isOutTerminal ? "terminal" : "pipe";
  process.exitCode = await runCommands({ target, style, command });
}
