/** `larder secrets …`: what the service seals on its disk. */
import type { RotatedSecrets } from "@larder/api";
import { type CommonOptions, openContext } from "../command-context.ts";

export async function rotateSecrets(options: CommonOptions): Promise<void> {
  const { client, print, during, terminal } = openContext(options);
  const rotated = await during("Sealing all anew", () => client.rotateSecrets());
  print(rotated, () => rotatedText(rotated, terminal.colors.bold(rotated.keyId)));
}

function rotatedText({ documents, behind }: RotatedSecrets, keyId: string): string {
  const sealed = `${documents} ${documents === 1 ? "document is" : "documents are"} sealed with the new key ${keyId}.\n`;
  if (behind.length === 0) return sealed;
  return `${sealed}Not yet: what is kept by ${behind.join(", ")}. The former keys stay until it is.\n`;
}
