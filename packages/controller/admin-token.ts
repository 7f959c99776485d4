/** The administrator's bearer token: made once, kept in a file that only its owner can read. */
import { readFileSync } from "node:fs";
import { type Randomness, writeFileAtomic } from "@larder/service";

const tokenBytes = 32;

export function ensureAdminToken(path: string, randomness: Randomness): string {
  try {
    const found = readFileSync(path, "utf8").trim();
    if (found !== "") return found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const token = randomness.bytes(tokenBytes).toString("base64url");
  writeFileAtomic(path, `${token}\n`, 0o600);
  return token;
}
