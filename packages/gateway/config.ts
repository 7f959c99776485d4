/** The gateway's options. */
import { gatewayLimits } from "@larder/api";
import { type ConfigTable, secretsKeyFileOption } from "@larder/service";

export const gatewayConfig = {
  "data-dir": { type: "string", default: undefined, text: "Where the last route table is kept." },
  "secrets-key-file": secretsKeyFileOption,
  "controller-socket": { type: "string", default: undefined, text: "The controller's Unix socket." },
  host: { type: "string", default: "127.0.0.1", text: "The address that the ports are opened on." },
  "private-network": {
    type: "list",
    separator: ",",
    default: [],
    text: "NAME=ADDRESS or NAME=ADDRESS@NAMESPACE: where caches that have a private endpoint in that network are served, too.",
  },
  "tls-port": { type: "integer", default: 6380, min: 1, max: 65535, text: "The TLS port that all caches share." },
  "tls-cert": { type: "string", default: undefined, text: "The certificate's PEM file." },
  "tls-key": { type: "string", default: undefined, text: "The private key's PEM file." },
  "node-cert": {
    type: "string",
    default: undefined,
    text: "The certificate (PEM) that engines of other hosts ask for. Without it only this machine's are reached.",
  },
  "node-key": { type: "string", default: undefined, text: "The certificate's key (PEM)." },
  "node-ca": { type: "string", default: undefined, text: "The authority (PEM) that signs all nodes' certificates." },
  "proxy-protocol-from": {
    type: "string",
    default: undefined,
    text: "Addresses and networks, with commas between them, whose connections must begin with a PROXY header, version 2, and are shown with the address in it.",
  },
  "connection-log": {
    type: "boolean",
    default: true,
    text: "Whether it is written who connected, logged in and left, as connections.log in the data directory.",
  },
  workers: {
    type: "integer",
    default: 1,
    min: 1,
    max: gatewayLimits.workersMax,
    text: "How many gateway processes share the ports. They meet on Unix sockets beside the controller's.",
  },
  worker: {
    type: "integer",
    default: 1,
    min: 1,
    max: gatewayLimits.workersMax,
    text: "Which of them this one is, from 1.",
  },
  "cpu-placement": {
    type: "choice",
    default: "auto",
    choices: ["auto", "free"],
    text: "auto: with one worker, it shares a CPU with its engines while that is faster. free: the system places them all.",
  },
} as const satisfies ConfigTable;
