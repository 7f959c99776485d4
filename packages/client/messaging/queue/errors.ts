/** What a queue rejects with. Each has a `code`. */

/** The queue holds `lengthMax` messages, or too many adds of this process wait for the server. The message was not added. */
export class QueueFull extends Error {
  override readonly name = "QueueFull";
  readonly code = "QUEUE_FULL";
}

/** The server refused: out of memory, or the user may not. The message was not added. */
export class QueueRefused extends Error {
  override readonly name = "QueueRefused";
  readonly code = "QUEUE_REFUSED";
}

/**
 * The server was lost while the message was on its way, and did not come back within `addTimeout`. It may or may not have been added.
 * With a `dedupe` id the add can be repeated safely.
 */
export class OutcomeUnknown extends Error {
  override readonly name = "OutcomeUnknown";
  readonly code = "OUTCOME_UNKNOWN";
}

/** The delivery has been given to another consumer, or will be: this one may have no more effects. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
  readonly code = "LEASE_LOST";

  constructor() {
    super("The message was not kept within its lease, and belongs to another consumer now.");
  }
}

/** The handler did not end within `timeout`. It counts as failed. */
export class HandlerTimeout extends Error {
  override readonly name = "HandlerTimeout";
  readonly code = "HANDLER_TIMEOUT";

  constructor(timeoutMs: number) {
    super(`The handler did not end within ${timeoutMs} ms.`);
  }
}

/** Thrown by a handler: trying again would not help. The message becomes a dead letter at once. */
export class GiveUp extends Error {
  override readonly name = "GiveUp";
  readonly code = "GIVE_UP";
}
