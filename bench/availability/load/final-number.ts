/** A counter's value once the load has ended: asked until it is answered. */
import type { LoadClient } from "./load-client.ts";

const triesMax = 50;

export async function finalNumber(client: LoadClient, key: string): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      return Number((await client.ask("GET", key)) ?? 0);
    } catch (error) {
      if (tries === triesMax) throw error;
      await Bun.sleep(200);
    }
  }
}
