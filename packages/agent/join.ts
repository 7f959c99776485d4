/**
 * How a host becomes one of the service, once: by the token that its operator was given. The agent first asks whoever
 * answers for the authority, and tells nothing; if that has the token's pin, it connects anew, to a controller that the
 * authority vouches for, and only then tells the token's secret. A restarted agent has its identity and needs no token.
 */
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { type HostIntroduction, type JoinAnswer, type JoinRequest, LarderError, parseJoinToken } from "@larder/api";
import { requestController } from "@larder/service";
import type { HostIdentity, IdentityFolder } from "./identity.ts";

/** For each of the two questions. */
const answerMs = 10_000;

export interface JoinOptions {
  folder: IdentityFolder;
  known: HostIdentity | undefined;
  /** As the operator gave it; undefined for an agent of the controller's machine, or one that is to use what it has. */
  controllerUrl: string | undefined;
  tokenFile: string | undefined;
  introduction: Omit<HostIntroduction, "hostId">;
}

/**
 * undefined for the agent of the controller's own machine. Throws ConfigInvalid, JoinRefused, NotRunning and
 * DataDirectoryUnusable.
 */
export async function ensureIdentity(options: JoinOptions): Promise<HostIdentity | undefined> {
  const { folder, known, introduction } = options;
  const controllerUrl = options.controllerUrl === undefined ? undefined : parseUrl(options.controllerUrl);
  if (known === undefined && controllerUrl === undefined) return undefined;
  const identity = known ?? (await join(options, controllerUrl as string));
  const current = { ...identity, ...introduction, controllerUrl: controllerUrl ?? identity.controllerUrl };
  // Also where nothing changed: the engines' files may be missing.
  folder.write(current);
  return current;
}

async function join({ folder, tokenFile, introduction }: JoinOptions, url: string): Promise<HostIdentity> {
  const { secret, pin } = parseJoinToken(readToken(tokenFile));
  const authorityPem = await reachable(url, () => askAuthority(url, pin));
  const { keyPem, publicKeyPem } = folder.joinKey();
  const request: JoinRequest = { ...introduction, secret, publicKeyPem };
  const tls = () => ({ authority: authorityPem, own: null });
  const signal = AbortSignal.timeout(answerMs);
  const answered = await reachable(url, () =>
    requestController({ url, tls }, "/join", { method: "POST", body: request, signal }),
  );
  const { hostId, certificatePem } = (await answered.json()) as JoinAnswer;
  return { ...introduction, hostId, controllerUrl: url, certificatePem, keyPem, authorityPem };
}

/** Of whoever answers; nothing is told. Throws JoinRefused unless the token was made by it. */
async function askAuthority(url: string, pin: string): Promise<string> {
  const response = await fetch(`${url}/join/authority`, {
    tls: { rejectUnauthorized: false },
    redirect: "error",
    signal: AbortSignal.timeout(answerMs),
  });
  const pem = await response.text();
  if (response.ok && fingerprintOf(pem) === pin) return pem;
  const text = `What answers at ${url} is not the controller that made the token. The token was not sent to it.`;
  throw new LarderError("JoinRefused", text);
}

function fingerprintOf(pem: string): string | undefined {
  try {
    return createHash("sha256").update(new X509Certificate(pem).raw).digest("base64url");
  } catch {
    return undefined;
  }
}

async function reachable<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof LarderError) throw cause;
    throw new LarderError("NotRunning", `No controller answers at ${url}.`, { cause });
  }
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" && url.pathname === "/" && url.search === "" && url.username === "") return url.origin;
  throw new LarderError(
    "ConfigInvalid",
    `--join takes the controller's door, such as https://10.0.0.1:8444, not "${text}".`,
  );
}

function readToken(path: string | undefined): string {
  if (path === undefined)
    throw new LarderError("ConfigInvalid", "This host has not joined yet: --token-file is missing.");
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new LarderError("ConfigInvalid", `The token's file ${path} cannot be read (${code}).`, { cause });
  }
}
