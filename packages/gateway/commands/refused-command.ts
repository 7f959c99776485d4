/** What the service does not offer, in Valkey's words for a command that it does not know. */
import { encodeRequest } from "@larder/resp";

/** A command that no engine knows: makes the EXEC of a transaction on a dedicated connection fail. */
export const spoilingRequest = encodeRequest(["LARDER.REFUSED"]);

export function unknownCommandText(words: readonly Buffer[]): string {
  const shown = words.slice(1, 17).map((word) => `'${word.toString("utf8", 0, 128)}' `);
  return `ERR unknown command '${words[0]?.toString("utf8", 0, 128)}', with args beginning with: ${shown.join("")}`;
}
