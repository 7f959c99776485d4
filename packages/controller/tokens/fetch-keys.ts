/**
 * Asks an issuer for its keys: its discovery document (OpenID Connect Discovery 1.0, section 4), then the JWK set that it names. What
 * comes back is a stranger's: it is bounded, and believed only as far as it speaks of the issuer that was asked.
 */
import { LarderError } from "@larder/api";
import type { PublicKey } from "./key-set.ts";

const answerBytesMax = 512 * 1024;
const discoveryPath = "/.well-known/openid-configuration";

export interface KeyQuestion {
  issuer: string;
  /** Where the key set is; null: where the issuer's discovery document says. */
  jwksUrl: string | null;
  /** Ends all of it. */
  signal: AbortSignal;
}

/** Throws where an answer is not what it should be, and what `fetch` throws. */
export async function fetchKeys({ issuer, jwksUrl, signal }: KeyQuestion): Promise<PublicKey[]> {
  const set = await fetchJson(jwksUrl ?? (await discover(issuer, signal)), signal);
  if (!Array.isArray(set.keys)) throw new Error("the key set has no keys");
  return set.keys.filter((key) => typeof key === "object" && key !== null) as PublicKey[];
}

/** Throws ConfigInvalid where keys from there could be anybody's: only what is on this machine may do without TLS. */
export function requireIssuerUrl(text: string, what: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = url !== undefined && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLocal);
  const isPlain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isSafe || !isPlain)
    throw new LarderError("ConfigInvalid", `${what} must be an https URL without user, query and fragment.`);
}

async function discover(issuer: string, signal: AbortSignal): Promise<string> {
  const found = await fetchJson(`${issuer.replace(/\/$/, "")}${discoveryPath}`, signal);
  if (found.issuer !== issuer) throw new Error("the discovery document is of another issuer");
  if (typeof found.jwks_uri !== "string") throw new Error("the discovery document names no key set");
  requireIssuerUrl(found.jwks_uri, "The key set's address");
  return found.jwks_uri;
}

async function fetchJson(url: string, signal: AbortSignal): Promise<Record<string, unknown>> {
  const response = await fetch(url, { signal, redirect: "error", headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
  const parsed: unknown = JSON.parse(await boundedText(response));
  if (typeof parsed !== "object" || parsed === null) throw new Error("it answered with no JSON object");
  return parsed as Record<string, unknown>;
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > answerBytesMax) throw new Error(`its answer is longer than ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
