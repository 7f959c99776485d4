/** The gateway's options. */
import type { ConfigTable } from "@larder/service";

export const gatewayConfig = {
  "data-dir": { type: "string", default: undefined, text: "Where the last route table is kept." },
  "controller-socket": { type: "string", default: undefined, text: "The controller's Unix socket." },
  host: { type: "string", default: "127.0.0.1", text: "The address that the ports are opened on." },
  "tls-port": { type: "integer", default: 6380, min: 1, max: 65535, text: "The TLS port that all caches share." },
  "tls-cert": { type: "string", default: undefined, text: "The certificate's PEM file." },
  "tls-key": { type: "string", default: undefined, text: "The private key's PEM file." },
} as const satisfies ConfigTable;
