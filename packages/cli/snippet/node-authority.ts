import type { SnippetTarget } from "./snippet.ts";

/** How a Node program names the authority: what it imports first, and the options of a TLS connection. */
export function nodeAuthority({ caPath }: SnippetTarget): { imported: string; ca: string[] } {
  if (caPath === null) return { imported: "", ca: [] };
  return {
    imported: 'import { readFileSync } from "node:fs";\n',
    ca: [`ca: readFileSync(${JSON.stringify(caPath)})`],
  };
}
