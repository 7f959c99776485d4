/** The controller's options. */
import { type ConfigTable, secretsKeyFileOption } from "@larder/service";

export const controllerOptions = {
  "data-dir": { type: "string", default: undefined, text: "Where the store, the certificates and the token are kept." },
  "secrets-key-file": secretsKeyFileOption,
  socket: { type: "string", default: undefined, text: "The Unix socket for agents and gateways." },
  host: { type: "string", default: "127.0.0.1", text: "The address that the management API listens on." },
  "api-port": {
    type: "integer",
    default: 8443,
    min: 0,
    max: 65_535,
    text: "The port of the management API; 0 takes a free one.",
  },
  identity: {
    type: "choice",
    default: "off",
    choices: ["embedded", "off"],
    text: "Whether the controller is its own identity provider.",
  },
  "identity-port": {
    type: "integer",
    default: 8445,
    min: 0,
    max: 65_535,
    text: "The port of the embedded identity provider; 0 takes a free one.",
  },
  "agent-host": {
    type: "string",
    default: undefined,
    text: "The address of the door for agents of other machines; closed where none is given.",
  },
  "agent-port": { type: "integer", default: 8444, min: 1, max: 65_535, text: "The port of that door." },
  "tls-port": { type: "integer", default: 6380, min: 1, max: 65_535, text: "The port that all caches share." },
  "port-base": {
    type: "integer",
    default: 10_000,
    min: 1_024,
    max: 65_000,
    text: "The first port that may become a cache's own.",
  },
  domain: { type: "string", default: "larder.localhost", text: "The domain under which caches have their host names." },
  "api-issuer": {
    type: "list",
    separator: " ",
    default: [],
    text: "An OpenID Connect issuer whose tokens the management API takes, as its discovery document names it; once for each.",
  },
  "api-audience": {
    type: "list",
    separator: " ",
    default: [],
    text: "For whom such tokens are issued (default: the API's own addresses and https://management.azure.com).",
  },
  "token-issuer": {
    type: "list",
    separator: " ",
    default: [],
    text: "An OpenID Connect issuer whose tokens clients may log in to caches with, as its discovery document names it; once for each.",
  },
  "token-audience": {
    type: "list",
    separator: " ",
    default: [],
    text: "For whom such tokens are issued (default: the two audiences of Azure's clients).",
  },
  "operation-timeout": {
    type: "integer",
    unit: "s",
    default: 120,
    min: 5,
    max: 3_600,
    text: "How long a change of a cache may take before its operation fails.",
  },
} as const satisfies ConfigTable;
