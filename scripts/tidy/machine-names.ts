/**
 * Nothing in the repository depends on one machine or one download host: people behind mirrors use it too. Package
 * managers know their hosts; paths come from the environment or from the file's own place.
 */
import { lineOf, type Problem, type SourceFile } from "./source-files.ts";

const patterns: { pattern: RegExp; message: string }[] = [
  {
    pattern:
      /\b(registry\.(npmjs|yarnpkg)|(deb|snapshot|security)\.debian|(archive|security|ports)\.ubuntu|formulae\.brew)\.\w+/g,
    message: "names a package host: leave that to the machine's package manager",
  },
  {
    pattern: /(?<![\w.$}/~-])\/(work|root|home\/\w+|Users\/\w+)\/\S*/g,
    message: "names a path of one machine: derive it from import.meta.dirname or a temporary folder",
  },
];

export function machineNames(files: readonly SourceFile[]): Problem[] {
  return files
    .filter((file) => !file.path.endsWith("machine-names.test.ts"))
    .flatMap((file) =>
      patterns.flatMap(({ pattern, message }) =>
        [...file.text.matchAll(pattern)].map((match) => ({
          path: `${file.path}:${lineOf(file.text, match.index)}`,
          message: `"${match[0]}" ${message}`,
        })),
      ),
    );
}
