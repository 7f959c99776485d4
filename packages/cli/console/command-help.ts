/** `help COMMAND`: the engine's own documentation (COMMAND DOCS) as one short page. Pure. */
import type { Colors } from "../terminal.ts";
import { fieldsOf, itemsOf, type Reply, textOf } from "./reply.ts";

export const generalHelp = `Type any command of the engine, for example SET greeting hello.

  help COMMAND   the engine's documentation of a command
  clear          empty the screen
  exit           leave (also quit, and Ctrl-D)

Tab completes command names. Ctrl-C clears the line, and ends SUBSCRIBE,
MONITOR and commands that wait.
`;

/** Undefined when the engine has no such command. */
export function formatCommandHelp(reply: Reply, colors: Colors): string | undefined {
  const [entry] = fieldsOf(reply);
  if (entry === undefined) return undefined;
  const [name, document] = entry;
  const fields = fieldsOf(document);
  const syntax = itemsOf(fields.get("arguments")).map(formatArgument).join(" ");
  const rows = ["summary", "since", "group", "complexity"].flatMap((field) => {
    const text = textOf(fields.get(field));
    return text === undefined ? [] : [`  ${colors.dim(`${field}:`)} ${text}\n`];
  });
  const subcommands = [...fieldsOf(fields.get("subcommands")).keys()].map((full) => full.split("|")[1]?.toUpperCase());
  const more = subcommands.length === 0 ? "" : `  ${colors.dim("subcommands:")} ${subcommands.sort().join(" ")}\n`;
  return `\n  ${colors.bold(name.replace("|", " ").toUpperCase())}${syntax === "" ? "" : ` ${syntax}`}\n${rows.join("")}${more}\n`;
}

/** `[EX seconds | PX milliseconds | PERSIST]`, `key [key ...]`. */
function formatArgument(argument: Reply): string {
  const fields = fieldsOf(argument);
  const flags = itemsOf(fields.get("flags")).map(textOf);
  const token = textOf(fields.get("token"));
  const value = formatValue(fields);
  const once = [token === "" ? '""' : token, value].filter(Boolean).join(" ");
  const again = flags.includes("multiple_token") ? once : value;
  const all = flags.includes("multiple") ? `${once} [${again} ...]` : once;
  return flags.includes("optional") ? `[${all}]` : all;
}

function formatValue(fields: Map<string, Reply>): string {
  const parts = itemsOf(fields.get("arguments")).map(formatArgument);
  switch (textOf(fields.get("type"))) {
    case "pure-token":
      return "";
    case "oneof": {
      const isOptional = itemsOf(fields.get("flags")).map(textOf).includes("optional");
      return isOptional ? parts.join(" | ") : `<${parts.join(" | ")}>`;
    }
    case "block":
      return parts.join(" ");
    default:
      return textOf(fields.get("display_text")) ?? textOf(fields.get("name")) ?? "";
  }
}
