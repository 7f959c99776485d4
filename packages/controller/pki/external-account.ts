/** The key by which an ACME directory knows whose customer an account is. It is its file's alone: read when it is needed, and never kept. */
import { readFileSync } from "node:fs";
import { LarderError } from "@larder/api";
import type { ExternalAccount } from "./certificate-source.ts";

/** As acme-client has it. Throws ConfigInvalid, without a word of the key. */
export function externalAccountBinding({ keyId, keyPath }: ExternalAccount): { kid: string; hmacKey: string } {
  const hmacKey = readKey(keyPath).trim();
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(hmacKey)) return { kid: keyId, hmacKey };
  throw new LarderError(
    "ConfigInvalid",
    `--acme-eab-key-file ${keyPath} has to have a key in base64, and nothing else.`,
  );
}

function readKey(keyPath: string): string {
  try {
    return readFileSync(keyPath, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const text = `--acme-eab-key-file cannot be read (${code}): ${keyPath}.`;
    throw new LarderError("ConfigInvalid", text, { cause: error });
  }
}
