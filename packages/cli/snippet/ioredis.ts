import { heredoc } from "./shell-quote.ts";
import type { Snippet, SnippetTarget } from "./snippet.ts";

export function ioredisSnippet(target: SnippetTarget): Snippet {
  const code = `import { readFileSync } from "node:fs";
import { Redis } from "ioredis";

const client = new Redis({
  host: ${JSON.stringify(target.host)},
  port: ${target.tlsPort},
  password: ${JSON.stringify(target.key)},
  tls: { ca: readFileSync(${JSON.stringify(target.caPath)}) },
});
await client.set("greeting", "hello");
console.log(await client.get("greeting"));
await client.quit();
`;
  return { title: "Node, npm package ioredis", code, shell: heredoc("node --input-type=module", code) };
}
