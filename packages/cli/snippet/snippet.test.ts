import { expect, test } from "bun:test";
import { quoteForShell } from "./shell-quote.ts";
import { type SnippetTarget, snippetNames, snippets } from "./snippet.ts";

const target: SnippetTarget = { host: "localhost", tlsPort: 10_000, key: "a+b/c=", caPath: "/it's here/ca.pem" };

test.each(["a+b/c=", "plain", "two words", "it's", '$HOME `x` "q" \\ !', ""])(
  "a shell reads %p as one word",
  (word) => {
    const { stdout } = Bun.spawnSync(["sh", "-c", `printf %s ${quoteForShell(word)}`]);
    expect(stdout.toString()).toBe(word);
  },
);

test("no snippet but that of redis-cli and env has the key outside its heredoc", () => {
  for (const name of snippetNames) {
    const { code, shell } = snippets[name](target);
    expect(code).toContain(name === "env" ? "a%2Bb%2Fc%3D" : "a+b/c=");
    expect(shell).toContain(code);
    if (name !== "env" && name !== "redis-cli") expect(shell.split("\n")[0]).toEndWith("<<'EOF'");
  }
});

test("redis-cli gets the key by its environment", () => {
  expect(snippets["redis-cli"](target).shell).toBe(
    "REDISCLI_AUTH=a+b/c= redis-cli --tls --cacert '/it'\\''s here/ca.pem' -h localhost -p 10000\n",
  );
});

test("JavaScript snippets parse, and read the authority's file where there is one", () => {
  const transpiler = new Bun.Transpiler({ loader: "js" });
  for (const [name, library] of [
    ["node-redis", "redis"],
    ["ioredis", "ioredis"],
  ] as const)
    for (const caPath of [target.caPath, null])
      expect(transpiler.scan(snippets[name]({ ...target, caPath }).code).imports.map(({ path }) => path)).toEqual(
        caPath === null ? [library] : ["node:fs", library],
      );
});

test("where the system's authorities count, nothing names one", () => {
  for (const name of snippetNames)
    expect(snippets[name]({ ...target, caPath: null }).code).not.toMatch(/null|readFileSync|cacert|_CA_|ca_certs|X509/);
});

test("addresses of IPv6 are bracketed in URLs", () => {
  expect(snippets["node-redis"]({ ...target, host: "::1" }).code).toContain('"rediss://[::1]:10000"');
});
