/** What stores of tests are sealed with: always the same key. */
import { SecretBox, secretKeyBytes, systemRandomness } from "@larder/service";

export function boxFixture(...keys: number[]): SecretBox {
  const bytes = (keys.length === 0 ? [1] : keys).map((key) => Buffer.alloc(secretKeyBytes, key));
  return new SecretBox(bytes, systemRandomness);
}
