import { heredoc } from "./shell-quote.ts";
import type { Snippet, SnippetTarget } from "./snippet.ts";

export function redisPySnippet(target: SnippetTarget): Snippet {
  const code = `import redis

client = redis.Redis(
    host=${JSON.stringify(target.host)},
    port=${target.tlsPort},
    password=${JSON.stringify(target.key)},
    ssl=True,
${target.caPath === null ? "" : `    ssl_ca_certs=${JSON.stringify(target.caPath)},\n`}    decode_responses=True,
)
client.set("greeting", "hello")
print(client.get("greeting"))
client.close()
`;
  return { title: "Python, package redis", code, shell: heredoc("python3 -", code) };
}
