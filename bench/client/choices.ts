/** What of the benchmark is to be run: `--only first-level,queue --quick`. */
import { parseArgs } from "node:util";

export interface Choices<Name extends string> {
  parts: readonly Name[];
  isQuick: boolean;
  /** Of the files of results. */
  resultName: string;
}

/** `bench` is the first word of the results' name. undefined where the arguments make no sense. */
export function parsePartChoices<Name extends string>(
  args: readonly string[],
  { bench, all }: { bench: string; all: readonly Name[] },
): Choices<Name> | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { only: { type: "string" }, quick: { type: "boolean" } },
    });
    const names = values.only?.split(",") ?? all;
    const parts = all.filter((name) => names.includes(name));
    if (parts.length !== names.length) return undefined;
    const isQuick = values.quick === true;
    const suffix = [...(values.only === undefined ? [] : parts), ...(isQuick ? ["quick"] : [])];
    return { parts, isQuick, resultName: [bench, ...suffix].join("-") };
  } catch {
    return undefined;
  }
}
