/** Why a session could not be read or kept. `status` and `statusCode` are what web frameworks answer with when nobody catches it. */

abstract class SessionError extends Error {
  abstract readonly code: string;
  abstract readonly status: number;
  /** Whether the same request may well succeed when it is made again. */
  abstract readonly retryable: boolean;

  get statusCode(): number {
    return this.status;
  }
}

/** The server did not answer or refused; `cause` says why. A change that was on its way may or may not have been kept. */
export class SessionUnavailable extends SessionError {
  override readonly name = "SessionUnavailable";
  readonly code = "SESSION_UNAVAILABLE";
  readonly status = 503;
  readonly retryable = true;

  constructor(cause?: unknown) {
    super("Sessions are unavailable.", { cause });
  }
}

/** Another request has changed the session since this one read it, and this one asked to be told. Nothing was kept. */
export class SessionConflict extends SessionError {
  override readonly name = "SessionConflict";
  readonly code = "SESSION_CONFLICT";
  readonly status = 409;
  readonly retryable = true;

  constructor() {
    super("Another request has changed the session meanwhile.");
  }
}

/** The session ended while the request ran: signed out, or expired. Its changes were not kept, as that would bring it back. */
export class SessionGone extends SessionError {
  override readonly name = "SessionGone";
  readonly code = "SESSION_GONE";
  readonly status = 401;
  readonly retryable = false;

  constructor() {
    super("The session has ended meanwhile.");
  }
}

/**
 * The request came with an id that was replaced a moment ago, and changed something. A new session would overwrite the cookie that
 * the browser was just given, and the old id may no longer write: the browser asks again, with its new cookie.
 */
export class SessionSuperseded extends SessionError {
  override readonly name = "SessionSuperseded";
  readonly code = "SESSION_SUPERSEDED";
  readonly status = 409;
  readonly retryable = true;

  constructor() {
    super("The session's id was replaced a moment ago; ask again with the new cookie.");
  }
}
