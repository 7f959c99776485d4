import { nodeAuthority } from "./node-authority.ts";
import { heredoc } from "./shell-quote.ts";
import type { Snippet, SnippetTarget } from "./snippet.ts";

export function ioredisSnippet(target: SnippetTarget): Snippet {
  const { imported, ca } = nodeAuthority(target);
  const code = `${imported}import { Redis } from "ioredis";

const client = new Redis({
  host: ${JSON.stringify(target.host)},
  port: ${target.tlsPort},
  password: ${JSON.stringify(target.key)},
  tls: {${ca.map((option) => ` ${option} `).join("")}},
});
await client.set("greeting", "hello");
console.log(await client.get("greeting"));
await client.quit();
`;
  return { title: "Node, npm package ioredis", code, shell: heredoc("node --input-type=module", code) };
}
