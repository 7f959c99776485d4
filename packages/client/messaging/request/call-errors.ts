/** What a call can end with besides an answer. */

/** Nobody answers for the service now. The request was not run. */
export class NoResponder extends Error {
  override readonly name = "NoResponder";
  readonly code = "NO_RESPONDER";

  constructor(service: string) {
    super(`Nobody answers for the service ${JSON.stringify(service)}.`);
  }
}

/** No answer within the time-out. The request may have been run, or may still be. */
export class CallTimeout extends Error {
  override readonly name = "CallTimeout";
  readonly code = "CALL_TIMEOUT";

  constructor(service: string, timeoutMs: number) {
    super(`The service ${JSON.stringify(service)} did not answer within ${timeoutMs} ms.`);
  }
}

/**
 * What a handler throws for its caller, who gets the same code, message and details. Anything else that it throws comes to the
 * caller as INTERNAL without its text, which may be nobody else's business. BUSY: the responder has all the requests that it takes.
 */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: string;
  /** Anything that JSON can say. */
  readonly details: unknown;

  constructor(code: string, message: string, details?: unknown) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
