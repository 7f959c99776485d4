/** What this worker answers, to others and to itself, about one cache and its clients. */
import type { ClientConnection } from "../client/client-connection.ts";
import { describeClient, filteredOf } from "../client/client-description.ts";
import { passes } from "../client/client-filter.ts";
import type { ServedCache } from "../served-cache.ts";
import type { WorkerAnswers, WorkerQuestion } from "./worker-messages.ts";

export function answerQuestion(
  cache: ServedCache | undefined,
  question: WorkerQuestion,
): WorkerAnswers[WorkerQuestion["kind"]] {
  switch (question.kind) {
    case "list":
      return clientsWhere(cache, question).map((client) => ({ id: client.id, line: describeClient(client) }));
    case "kill":
      return kill(clientsWhere(cache, question), question.asker);
    case "blocked":
      return blockedAt(cache?.clients.get(question.id));
    case "switched":
      return cache?.hasSwitched(question.moveId) ?? true;
  }
}

function clientsWhere(
  cache: ServedCache | undefined,
  { filter }: WorkerQuestion & { kind: "list" | "kill" },
): ClientConnection[] {
  return [...(cache?.clients.values() ?? [])].filter((client) => passes(filteredOf(client), filter));
}

/** Whoever asks is counted, and ends by itself once it has its reply. */
function kill(clients: ClientConnection[], asker: number): number {
  for (const client of clients) if (client.id !== asker) client.close("killed");
  return clients.length;
}

/** The connection is nobody else's afterwards: the id must not come to mean another client before it is used. */
function blockedAt(client: ClientConnection | undefined): number {
  const dedicated = client?.dedicated ?? null;
  if (client === undefined || dedicated === null || client.blocking === null || client.inFlight === 0) return 0;
  dedicated.isTainted = true;
  return dedicated.engineClientId;
}
