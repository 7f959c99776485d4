import { hostAndPort, quoteForShell } from "./shell-quote.ts";
import type { Snippet, SnippetTarget } from "./snippet.ts";

/** For programs that read their settings from the environment, and for tools that take a URL. */
export function envSnippet(target: SnippetTarget): Snippet {
  const variables = {
    REDIS_URL: `rediss://:${encodeURIComponent(target.key)}@${hostAndPort(target)}`,
    REDIS_HOST: target.host,
    REDIS_PORT: String(target.tlsPort),
    REDIS_PASSWORD: target.key,
    ...(target.caPath === null ? {} : { REDIS_CA_FILE: target.caPath, NODE_EXTRA_CA_CERTS: target.caPath }),
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quoteForShell(value)}\n`);
  return { title: "Environment variables", code: lines.join(""), shell: lines.join("") };
}
