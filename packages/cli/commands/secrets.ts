/** `larder secrets …`: what the service seals on its disk. */
import { type CommonOptions, openContext } from "../command-context.ts";

export async function rotateSecrets(options: CommonOptions): Promise<void> {
  const { client, print, during, terminal } = openContext(options);
  const rotated = await during("Sealing all anew", () => client.rotateSecrets());
  const { keyId, documents } = rotated;
  print(
    rotated,
    () =>
      `${documents} ${documents === 1 ? "document is" : "documents are"} sealed with the new key ${terminal.colors.bold(keyId)}.\n`,
  );
}
