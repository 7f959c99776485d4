/** The agent's program: the start of its life. */
import { resolve } from "node:path";
import { runDaemon, systemClock, systemRandomness } from "@larder/service";
import { Agent } from "./agent.ts";
import { agentTable, nodeTlsOf } from "./agent-options.ts";

await runDaemon({
  name: "agent",
  table: agentTable,
  async start(config, log) {
    const agent = new Agent({
      dataDirectory: resolve(config["data-dir"]),
      socketDirectory: resolve(config["socket-dir"]),
      controllerSocket: resolve(config["controller-socket"]),
      engineKind: config.engine,
      enginePath: config["engine-path"],
      searchPath: process.env["PATH"] ?? "",
      replicationHost: { host: config["replication-host"], tls: nodeTlsOf(config) },
      clock: systemClock,
      randomness: systemRandomness,
      log,
    });
    await agent.start();
    return agent;
  },
});
