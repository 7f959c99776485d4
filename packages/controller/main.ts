/** The controller's process. */
import { LarderError } from "@larder/api";
import { runDaemon, secretKeysOf, systemClock, systemRandomness } from "@larder/service";
import { Controller } from "./controller.ts";
import { controllerOptions } from "./options.ts";
import { certificateSourceOf } from "./pki/certificate-source.ts";

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
      certificateSource: certificateSourceOf({
        certFile: config["cert-file"],
        keyFile: config["key-file"],
        acmeDirectory: config["acme-directory"],
        acmeContact: config["acme-contact"],
        acmeEabKeyId: config["acme-eab-key-id"],
        acmeEabKeyFile: config["acme-eab-key-file"],
        acmeHttpPort: config["acme-http-port"],
        acmeDnsHook: config["acme-dns-hook"],
        acmeNames: config["acme-name"],
      }),
      certificateCaPath: config["ca-file"],
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
