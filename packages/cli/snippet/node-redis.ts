import { heredoc, hostAndPort } from "./shell-quote.ts";
import type { Snippet, SnippetTarget } from "./snippet.ts";

export function nodeRedisSnippet(target: SnippetTarget): Snippet {
  const code = `import { readFileSync } from "node:fs";
import { createClient } from "redis";

const client = createClient({
  url: ${JSON.stringify(`rediss://${hostAndPort(target)}`)},
  password: ${JSON.stringify(target.key)},
  socket: { tls: true, ca: readFileSync(${JSON.stringify(target.caPath)}) },
});
await client.connect();
await client.set("greeting", "hello");
console.log(await client.get("greeting"));
await client.close();
`;
  return { title: "Node, npm package redis", code, shell: heredoc("node --input-type=module", code) };
}
