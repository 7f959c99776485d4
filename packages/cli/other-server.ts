/**
 * Another server with its secrets: what was typed, and beside it certificates from files and passwords from a file, the environment or
 * a person. Never from the arguments alone, which others on the machine can read.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import type { RemoteServer } from "@larder/api/transfer-protocol";
import type { CommandContext } from "./command-context.ts";
import { CommandError } from "./failure.ts";
import { parseServerArgument, type ServerArgument } from "./server-argument.ts";
import type { Terminal } from "./terminal.ts";

export interface ServerOptions {
  passwordFile?: string;
  askPassword?: boolean;
  ca?: string;
  cert?: string;
  key?: string;
  serverName?: string;
  insecure?: boolean;
}

/** Throws InvalidParameter. */
export async function openServer(
  text: string,
  options: ServerOptions,
  { terminal }: Pick<CommandContext, "terminal">,
): Promise<ServerArgument> {
  const parsed = parseServerArgument(text);
  if (parsed.hasTypedPassword)
    terminal.err(
      `${terminal.errColors.yellow("note:")} others on this machine can read the password in the command; --password-file or LARDER_SOURCE_PASSWORD keeps it to you\n`,
    );
  const server = { ...parsed.server, tls: tlsOf(parsed.server, options) };
  server.password ??= await passwordFor(server, options, terminal);
  server.sentinelPassword = process.env["LARDER_SENTINEL_PASSWORD"] || null;
  return { ...parsed, server };
}

function tlsOf({ tls }: RemoteServer, { ca, cert, key, serverName, insecure }: ServerOptions): RemoteServer["tls"] {
  const isAsked = [ca, cert, key, serverName, insecure].some((option) => option !== undefined);
  if (tls === null && isAsked)
    throw new CommandError(
      "InvalidParameter",
      "Certificates are for TLS, and the server is without.",
      "write rediss://",
    );
  if (tls === null) return null;
  if ((cert === undefined) !== (key === undefined))
    throw new CommandError("InvalidParameter", "A certificate of ours needs its key.", "give both --cert and --key");
  const client = cert === undefined || key === undefined ? null : { certificate: read(cert), key: read(key) };
  return {
    ca: ca === undefined ? null : read(ca),
    serverName: serverName ?? null,
    client,
    isVerified: insecure !== true,
  };
}

async function passwordFor(
  { username }: RemoteServer,
  { passwordFile, askPassword }: ServerOptions,
  terminal: Terminal,
): Promise<string | null> {
  if (passwordFile !== undefined) return read(passwordFile).replace(/\r?\n$/, "");
  const given = process.env["LARDER_SOURCE_PASSWORD"];
  if (given) return given;
  if (username === null && askPassword !== true) return null;
  if (terminal.isInTerminal && terminal.isErrTerminal) return ask(`Password of ${username ?? "the server"}: `);
  throw new CommandError(
    "InvalidParameter",
    "The server's password is missing, and nobody can be asked here.",
    "set LARDER_SOURCE_PASSWORD or use --password-file",
  );
}

/** What is typed is not shown. */
async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await new Promise((resolve, reject) => {
      prompt.once("line", resolve);
      prompt.once("SIGINT", () => reject(new CommandError("InvalidParameter", "No password was given.", "try again")));
    });
  } finally {
    prompt.close();
    process.stderr.write("\n");
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CommandError("InvalidParameter", `${file} cannot be read: ${(cause as Error).message}`, "check the path");
  }
}
