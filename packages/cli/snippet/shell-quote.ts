import { hostAndPortText } from "@larder/api/host-text";

/** One word of a POSIX shell, whatever is in it; plain words stay as they are. */
export function quoteForShell(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Runs `program` with the code on its standard input, so that nothing of it is an argument. */
export function heredoc(program: string, code: string): string {
  return `${program} <<'EOF'\n${code}EOF\n`;
}

/** Where the cache is, as URLs write it. */
export function hostAndPort({ host, tlsPort: port }: { host: string; tlsPort: number }): string {
  return hostAndPortText({ host, port });
}
