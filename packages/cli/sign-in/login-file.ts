/**
 * Who has signed in with `larder login`: one file of the person's own, mode 0600, with the tokens for one service. A machine's secret
 * is not in it, only where it is.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { CommandError } from "../failure.ts";
import { writeOwnerFile } from "../owner-file.ts";

export type TokenPurpose = "api" | "redis";

export interface HeldToken {
  token: string;
  expiresMs: number;
}

export interface Login {
  /** Base URL of the management API. */
  api: string;
  /** The certificate authority as PEM text; null: those of the system count. */
  ca: string | null;
  subscription: string;
  issuer: string;
  clientId: string;
  /** What tokens are asked for. */
  scopes: Record<TokenPurpose, string>;
  /** Who it is; for people to read. */
  name: string;
  objectId: string;
  renewal: { by: "refresh token"; refreshToken: string } | { by: "secret file"; path: string } | { by: "nothing" };
  tokens: Partial<Record<TokenPurpose, HeldToken>>;
}

export function loginPath(): string {
  const directory = process.env["LARDER_CONFIG"] || join(homedir(), ".config/larder");
  return join(directory, "login.json");
}

export function readLogin(): Login | undefined {
  try {
    return JSON.parse(readFileSync(loginPath(), "utf8")) as Login;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const text = `${loginPath()} cannot be used: ${(error as Error).message}.`;
    throw new CommandError("DataDirectoryUnusable", text, "sign in again with `larder login`");
  }
}

/** Throws NotSignedIn. */
export function requireLogin(): Login {
  const login = readLogin();
  if (login !== undefined) return login;
  throw new CommandError("InvalidAuthenticationToken", "Nobody has signed in here.", "sign in with `larder login`");
}

export function writeLogin(login: Login): void {
  mkdirSync(dirname(loginPath()), { recursive: true, mode: 0o700 });
  writeOwnerFile(loginPath(), `${JSON.stringify(login, null, 2)}\n`);
}

export function removeLogin(): void {
  rmSync(loginPath(), { force: true });
}
