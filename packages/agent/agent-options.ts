/** The agent's options. */
import type { ConfigTable } from "@larder/service";

export const agentTable = {
  "data-dir": { type: "string", default: "agent", text: "Where the agent keeps its files." },
  "controller-socket": { type: "string", default: "controller.sock", text: "The controller's Unix socket." },
  "socket-dir": { type: "string", default: "run", text: "The folder of the engines' Unix sockets." },
  engine: { type: "choice", default: "auto", choices: ["auto", "native", "embedded"], text: "Which engines may run." },
  "engine-path": {
    type: "string",
    default: undefined,
    text: "The native engine's program; else the PATH is searched.",
  },
} as const satisfies ConfigTable;
