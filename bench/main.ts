/** `npm run bench NAME`. Ctrl-C stops everything that was started. */
import { benchApi } from "./api/api.ts";
import { benchAssignments } from "./assignments/assignments.ts";
import { benchAvailability } from "./availability/availability.ts";
import { parseChoices } from "./availability/choices.ts";
import { benchClient, parseChoices as parseClientChoices } from "./client/client.ts";
import { benchData, parseChoices as parseDataChoices } from "./data/main.ts";
import { benchStorage } from "./data/storage.ts";
import { benchFanOut } from "./fan-out/fan-out.ts";
import { benchFirewall } from "./firewall/firewall.ts";
import { benchGateway } from "./gateway.ts";
import { benchIdle } from "./idle.ts";
import { benchLatency } from "./latency/latency.ts";
import { benchStart } from "./start.ts";
import { benchWorkers } from "./workers/workers.ts";

const usage = `npm run bench gateway [-- --quick]   the gateway beside Valkey, HAProxy and twemproxy; --quick: the goals' rows only
npm run bench workers [-- --quick]   two gateway workers beside one
npm run bench latency [-- --quick]   time of a request at half of the gateway's rate, beside the same
npm run bench fan-out [-- --quick]   one channel with 10,000 subscribers; --quick: 2,000
npm run bench availability [-- --quick] [--only moves,kills,frozen,scale,peers] [--clients 50,500]
                                     what clients notice of moves, kills and lost hosts, beside the usual peers
npm run bench client [-- --quick] [--only first-level,queue]
                                     the client package beside the libraries that applications use instead
npm run bench storage                files of 1 and 3 GB in a directory, on Azurite and on Swift: rates and memory
npm run bench data [-- --quick] [--only rdb-parse,import,export,migration,killed]
                                     data that comes in, goes out and stays, beside what engines do themselves; --quick: a tenth of it
npm run bench api [-- --quick]       the management API with 1,000 caches: reads, writes, a list of all
npm run bench firewall [-- --quick]  from a firewall rule's request until no connection is left at two workers, with 1,000 caches; --quick: 100
npm run bench assignments [-- --quick]  a cache with 1,000 access-policy assignments beside one without
npm run bench idle                   memory of 8,000 idle TLS connections
npm run bench start                  time to create a cache, and to start the service`;

async function main(): Promise<number> {
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => abort.abort());
  const run = subcommandOf(process.argv.slice(2), abort.signal);
  if (run === undefined) {
    console.error(usage);
    return 64;
  }
  try {
    return (await run()) ? 0 : 1;
  } catch (error) {
    // The terminal interrupts the children too, so what failed first may be one of them.
    if (abort.signal.aborted) return 130;
    console.error(error instanceof Error ? error.message : error);
    return 70;
  }
}

/** Each returns whether its goals are met. */
function subcommandOf(args: readonly string[], signal: AbortSignal): (() => Promise<boolean>) | undefined {
  if (args[0] === "availability") {
    const choices = parseChoices(args.slice(1));
    return choices && (() => benchAvailability(choices, signal));
  }
  if (args[0] === "client") {
    const choices = parseClientChoices(args.slice(1));
    return choices && (() => benchClient(choices, signal));
  }
  if (args[0] === "data") {
    const choices = parseDataChoices(args.slice(1));
    return choices && (() => benchData(choices, signal));
  }
  const isQuick = args[1] === "--quick";
  if (args.length > (isQuick ? 2 : 1)) return undefined;
  switch (args[0]) {
    case "gateway":
      return () => benchGateway({ matrix: isQuick ? "quick" : "full", signal });
    case "workers":
      return () => benchWorkers({ isQuick, signal });
    case "latency":
      return () => benchLatency({ isQuick, signal });
    case "api":
      return () => benchApi({ isQuick, signal });
    case "assignments":
      return () => benchAssignments({ isQuick, signal });
    case "firewall":
      return () => benchFirewall({ isQuick, signal });
    case "fan-out":
      return () => benchFanOut({ isQuick, signal });
    case "idle":
      return isQuick ? undefined : () => benchIdle(signal);
    case "storage":
      return isQuick ? undefined : () => benchStorage(signal);
    case "start":
      return isQuick ? undefined : () => benchStart(signal);
    default:
      return undefined;
  }
}

process.exit(await main());
