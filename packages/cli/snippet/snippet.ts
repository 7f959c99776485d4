/**
 * How to reach a cache from a client library or tool. `code` is for a file; `shell` can be pasted into a terminal as it
 * stands. Keys never get into an argument list where that can be avoided: other users of the machine see those.
 */
import { envSnippet } from "./env.ts";
import { ioredisSnippet } from "./ioredis.ts";
import { nodeRedisSnippet } from "./node-redis.ts";
import { redisCliSnippet } from "./redis-cli.ts";
import { redisPySnippet } from "./redis-py.ts";
import { stackexchangeSnippet } from "./stackexchange.ts";

export interface SnippetTarget {
  host: string;
  tlsPort: number;
  key: string;
  /** Absolute path of the certificate authority's PEM file; null: the system's authorities count, and nothing is said of them. */
  caPath: string | null;
}

export interface Snippet {
  /** Who it is for, and what must be installed. */
  title: string;
  code: string;
  shell: string;
}

export const snippets = {
  "node-redis": nodeRedisSnippet,
  ioredis: ioredisSnippet,
  "redis-py": redisPySnippet,
  stackexchange: stackexchangeSnippet,
  "redis-cli": redisCliSnippet,
  env: envSnippet,
} as const satisfies Record<string, (target: SnippetTarget) => Snippet>;

export type SnippetName = keyof typeof snippets;

export const snippetNames = Object.keys(snippets) as SnippetName[];
