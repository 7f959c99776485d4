/** Names of files and folders: kebab-case nouns that say the concept. */
import type { Problem, SourceFile } from "./source-files.ts";

const vague = /^(utils?|helpers?|common|misc|types|shared|lib)$/;
/** Words in kebab-case, with further endings such as `.test.ts`; a dot may lead. Upper case is for documents that hosts look for by name. */
const kebab = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;
const upperCase = /^([A-Z]+)(\.md)?$/;

export function fileNames(files: readonly SourceFile[]): Problem[] {
  return files.flatMap(({ path }) => {
    const parts = path.split("/");
    const problems: Problem[] = [];
    if (parts.some((part) => vague.test(part.replace(/\..*$/, ""))))
      problems.push({ path, message: "the name says no concept: name it for the one thing that it holds" });
    if (!parts.every((part, index) => kebab.test(part) || (index === parts.length - 1 && upperCase.test(part))))
      problems.push({ path, message: "the name is not in kebab-case" });
    return problems;
  });
}
