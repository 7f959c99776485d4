import { nodeAuthority } from "./node-authority.ts";
import { heredoc, hostAndPort } from "./shell-quote.ts";
import type { Snippet, SnippetTarget } from "./snippet.ts";

export function nodeRedisSnippet(target: SnippetTarget): Snippet {
  const { imported, ca } = nodeAuthority(target);
  const code = `${imported}import { createClient } from "redis";

const client = createClient({
  url: ${JSON.stringify(`rediss://${hostAndPort(target)}`)},
  password: ${JSON.stringify(target.key)},
  socket: { ${["tls: true", ...ca].join(", ")} },
});
await client.connect();
await client.set("greeting", "hello");
console.log(await client.get("greeting"));
await client.close();
`;
  return { title: "Node, npm package redis", code, shell: heredoc("node --input-type=module", code) };
}
