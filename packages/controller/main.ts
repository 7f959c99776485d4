/** The controller's process. */
import { LarderError } from "@larder/api";
import { runDaemon, secretKeysOf, systemClock, systemRandomness } from "@larder/service";
import { Controller } from "./controller.ts";
import { controllerOptions } from "./options.ts";

await runDaemon({
  name: "controller",
  table: controllerOptions,
  async start(config, log) {
    const dataDirectory = required("data-dir", config["data-dir"]);
    const controller = new Controller({
      dataDirectory,
      keys: secretKeysOf(config["secrets-key-file"], dataDirectory, systemRandomness),
      socketPath: required("socket", config.socket),
      host: config.host,
      apiPort: config["api-port"],
      identityPort: config.identity === "embedded" ? config["identity-port"] : undefined,
      agentHost: config["agent-host"],
      agentPort: config["agent-port"],
      tlsPort: config["tls-port"],
      portBase: config["port-base"],
      domain: config.domain,
      apiIssuers: config["api-issuer"],
      apiAudiences: config["api-audience"],
      tokenIssuers: config["token-issuer"],
      tokenAudiences: config["token-audience"],
      operationTimeoutMs: config["operation-timeout"] * 1_000,
      clock: systemClock,
      randomness: systemRandomness,
      log,
    });
    await controller.start();
    return controller;
  },
});

function required(flag: string, value: string | undefined): string {
  if (value === undefined) throw new LarderError("ConfigInvalid", `--${flag} is missing.`);
  return value;
}
