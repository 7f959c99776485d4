/** Asks the controller for a key that no table had, and waits until the table with it is in force. Never rejects. */
import type { TokenKeyAnswer, TokenKeyQuestion } from "@larder/api";
import type { Clock, ControllerLink } from "@larder/service";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";

/** The table comes on another stream, as a rule first. */
const tableLookMs = 5;

export async function askTokenKey(
  question: TokenKeyQuestion,
  { link, revision, clock }: { link: Pick<ControllerLink, "ask">; revision(): number; clock: Clock },
): Promise<void> {
  counters.larder_gateway_token_keys_asked_total++;
  const endsMs = clock.monotonicMs() + limits.tokenKeyMs;
  const answer = await link
    .ask<TokenKeyAnswer>("/gateway/token-key", question, limits.tokenKeyMs)
    .catch(() => ({ revision: 0 }));
  while (revision() < answer.revision && clock.monotonicMs() < endsMs) await clock.sleep(tableLookMs);
}
