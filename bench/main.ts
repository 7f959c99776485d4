/** `npm run bench SUBCOMMAND`. Ctrl-C stops everything that was started. */
import { benchGateway } from "./gateway.ts";
import { benchIdle } from "./idle.ts";
import { benchStart } from "./start.ts";

const usage = `npm run bench gateway [-- --quick]   the gateway beside Valkey, HAProxy and twemproxy; --quick: the goals' rows only
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
  switch (args.join(" ")) {
    case "gateway":
      return () => benchGateway({ matrix: "full", signal });
    case "gateway --quick":
      return () => benchGateway({ matrix: "quick", signal });
    case "idle":
      return () => benchIdle(signal);
    case "start":
      return () => benchStart(signal);
    default:
      return undefined;
  }
}

process.exit(await main());
