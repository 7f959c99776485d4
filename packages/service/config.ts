/**
 * Configuration of a daemon: one table says every option's flag, type, default, bounds and text. Flags win over the
 * environment (`LARDER_` + the flag in capitals), which wins over the default. All problems are reported together.
 */
import { parseArgs } from "node:util";
import { LarderError } from "@larder/api";

interface OptionBase {
  text: string;
  /** What the number counts, for the reference page: "ms", "bytes". */
  unit?: string;
}
export type ConfigOption =
  | (OptionBase & { type: "string"; default: string | undefined })
  | (OptionBase & { type: "integer"; default: number; min: number; max: number })
  | (OptionBase & { type: "boolean"; default: boolean })
  | (OptionBase & { type: "choice"; default: string; choices: readonly string[] })
  /** Given once for each element; in the environment with the separator between them, a colon unless it is another. */
  | (OptionBase & { type: "list"; separator?: string; default: readonly string[] });

/** Keys are flags without the dashes: "tls-port". */
export type ConfigTable = Record<string, ConfigOption>;

type ValueOf<O extends ConfigOption> = O extends { type: "integer" }
  ? number
  : O extends { type: "boolean" }
    ? boolean
    : O extends { type: "choice"; choices: readonly (infer C)[] }
      ? C
      : O extends { type: "list" }
        ? readonly string[]
        : O extends { default: undefined }
          ? string | undefined
          : string;
export type ConfigValues<T extends ConfigTable> = { [K in keyof T]: ValueOf<T[K]> };

/** Throws ConfigInvalid naming every bad option at once. */
export function parseConfig<const T extends ConfigTable>(
  table: T,
  argv: readonly string[],
  env: Record<string, string | undefined>,
): ConfigValues<T> {
  const problems: string[] = [];
  const flags = parseFlags(table, argv, problems);
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(table)) {
    const given = flags[key] ?? env[environmentName(key)];
    if (given === undefined) {
      values[key] = option.default;
      continue;
    }
    const parsed = parseValue(option, given);
    if ("problem" in parsed) problems.push(`--${key} ${parsed.problem}`);
    else values[key] = parsed.value;
  }
  if (problems.length > 0) throw new LarderError("ConfigInvalid", `${problems.join("; ")}.`);
  return values as ConfigValues<T>;
}

export function environmentName(key: string): string {
  return `LARDER_${key.toUpperCase().replaceAll("-", "_")}`;
}

function parseFlags(table: ConfigTable, argv: readonly string[], problems: string[]): Record<string, string> {
  const options = Object.fromEntries(
    Object.entries(table).map(([key, option]) => [
      key,
      {
        type: option.type === "boolean" ? ("boolean" as const) : ("string" as const),
        multiple: option.type === "list",
      },
    ]),
  );
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true, allowNegative: true });
    return Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        key,
        Array.isArray(value) ? value.join(separatorOf(table[key])) : String(value),
      ]),
    );
  } catch (error) {
    problems.push((error as Error).message.replace(/\.$/, ""));
    return {};
  }
}

function separatorOf(option: ConfigOption | undefined): string {
  return (option?.type === "list" ? option.separator : undefined) ?? ":";
}

function parseValue(option: ConfigOption, given: string): { value: unknown } | { problem: string } {
  switch (option.type) {
    case "string":
      return given === "" ? { problem: "is empty" } : { value: given };
    case "list": {
      const value = given.split(separatorOf(option));
      return value.includes("") ? { problem: "has an empty element" } : { value };
    }
    case "boolean":
      if (given === "true" || given === "false") return { value: given === "true" };
      return { problem: `must be true or false, not "${given}"` };
    case "choice":
      if (option.choices.includes(given)) return { value: given };
      return { problem: `must be one of ${option.choices.join(", ")}, not "${given}"` };
    case "integer": {
      const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
      if (value >= option.min && value <= option.max) return { value };
      return { problem: `must be a whole number from ${option.min} to ${option.max}, not "${given}"` };
    }
  }
}
