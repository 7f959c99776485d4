/**
 * What a client asks about the clients of its cache, put to all workers. Its command waits, and all after it, until the
 * others have answered or are late; without others there is nothing to wait for.
 */
import type { ClientConnection } from "../client/client-connection.ts";
import { answerQuestion } from "../workers/answer-question.ts";
import type { WorkerAnswers, WorkerQuestion } from "../workers/worker-messages.ts";
import type { Outcome } from "./request.ts";

/** Under way for the command at the head of the client's input. */
export interface ClientInquiry {
  /** null until all are there. */
  answers: unknown[] | null;
}

/** Calls `finish` with the answers, this worker's first. The command is run again when they are there. */
export function askWorkers<Q extends WorkerQuestion>(
  client: ClientConnection,
  question: Q,
  finish: (answers: WorkerAnswers[Q["kind"]][]) => Outcome,
): Outcome {
  type Answers = WorkerAnswers[Q["kind"]][];
  const begun = client.inquiry;
  if (begun !== null) {
    if (begun.answers === null) return "wait";
    client.inquiry = null;
    return finish(begun.answers as Answers);
  }
  const own = answerQuestion(client.cache ?? undefined, question) as Answers[number];
  if (client.host.workers.isAlone) return finish([own]);
  const inquiry: ClientInquiry = { answers: null };
  client.inquiry = inquiry;
  void client.host.workers.ask(question).then((others) => {
    inquiry.answers = [own, ...others];
    client.resume();
  });
  return "wait";
}
