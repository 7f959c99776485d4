import { quoteForShell } from "./shell-quote.ts";
import type { Snippet, SnippetTarget } from "./snippet.ts";

export function redisCliSnippet(target: SnippetTarget): Snippet {
  const environment = `REDISCLI_AUTH=${quoteForShell(target.key)}`;
  const ca = target.caPath === null ? "" : ` --cacert ${quoteForShell(target.caPath)}`;
  const line = `${environment} redis-cli --tls${ca} -h ${target.host} -p ${target.tlsPort}\n`;
  return { title: "redis-cli or valkey-cli", code: line, shell: line };
}
