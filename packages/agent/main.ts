/** The agent's program: the start of its life. */
import { resolve } from "node:path";
import { runDaemon, secretKeysOf, systemClock, systemRandomness } from "@larder/service";
import { Agent } from "./agent.ts";
import { agentTable, introductionOf, nodeTlsOf, storageRootsOf } from "./agent-options.ts";
import { IdentityFolder } from "./identity.ts";
import { ensureIdentity } from "./join.ts";
import { Credentials, doorOf } from "./membership.ts";

await runDaemon({
  name: "agent",
  table: agentTable,
  async start(config, log) {
    const dataDirectory = resolve(config["data-dir"]);
    const folder = new IdentityFolder(dataDirectory);
    const known = folder.read();
    const introduction = introductionOf(config, known);
    const identity = await ensureIdentity({
      folder,
      known,
      controllerUrl: config.join,
      tokenFile: config["token-file"],
      introduction,
    });
    const credentials = identity && new Credentials(folder, identity);
    const agent = new Agent({
      dataDirectory,
      keys: secretKeysOf(config["secrets-key-file"], dataDirectory, systemRandomness),
      socketDirectory: resolve(config["socket-dir"]),
      door: credentials === undefined ? { socketPath: resolve(config["controller-socket"]) } : doorOf(credentials),
      credentials,
      introduction,
      hostsOnMachine: config["hosts-on-machine"],
      engineKind: config.engine,
      enginePath: config["engine-path"],
      searchPath: process.env["PATH"] ?? "",
      replicationHost: { host: introduction.address, tls: identity === undefined ? nodeTlsOf(config) : folder.nodeTls },
      storageRoots: storageRootsOf(config),
      clock: systemClock,
      randomness: systemRandomness,
      log,
    });
    await agent.start();
    process.on("SIGHUP", () => agent.lookAtHost());
    return agent;
  },
});
