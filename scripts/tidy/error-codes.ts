/** Every code of the error table is raised or recognised somewhere; a code that nothing uses promises what nothing does. */
import { isScript, isTest, type Problem, type SourceFile } from "./source-files.ts";

const tablePath = "packages/api/errors.ts";

export function errorCodes(files: readonly SourceFile[], codes: readonly string[]): Problem[] {
  const users = files.filter(
    (file) => /^(packages|examples)\//.test(file.path) && isScript(file.path) && !isTest(file.path),
  );
  const text = users.flatMap((file) => (file.path === tablePath ? [] : [file.text])).join("\n");
  return codes
    .filter((code) => !text.includes(`"${code}"`))
    .map((code) => ({
      path: tablePath,
      message: `nothing uses the code ${code}: raise it, or remove it from the table`,
    }));
}
