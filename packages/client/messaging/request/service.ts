/**
 * A service: processes that answer requests of others. Several that answer for one name share its requests, each to the one that had
 * none for longest.
 *
 * A request is run at most once: it is handed to one responder, and never again. It may be lost, with the process that ran it or
 * with the connection that carried it or its answer; the caller then gets CALL_TIMEOUT. What has to be done for certain belongs
 * into a queue.
 */
import { type Server, type ServerLike, serverOf } from "../../connection/server.ts";
import { channelLimits } from "../channel/limits.ts";
import { untilAnswered } from "../retry.ts";
import { ServiceError } from "./call-errors.ts";
import { checkBytes, serviceLimits } from "./limits.ts";
import { type Mailbox, mailboxOf, newAddress, payloadOf } from "./mailbox.ts";
import { Registry, type Request } from "./registry.ts";

export interface RequestContext {
  /** Aborted when the caller has stopped waiting, and when the service is closed. */
  signal: AbortSignal;
}

export type Handler<Asked, Answer> = (request: Asked, context: RequestContext) => Answer | Promise<Answer>;

export interface ServiceOptions {
  server: ServerLike;
  /** Requests that it works on at a time; one more is answered with BUSY. */
  concurrencyMax?: number;
  /** What the handler threw that is no ServiceError, and what the server refused. Nothing unless given. */
  onError?: (error: unknown) => void;
}

/** Answers from when `ready` resolves, until it is closed. */
export function createService<Asked, Answer>(
  name: string,
  handler: Handler<Asked, Answer>,
  options: ServiceOptions,
): Service {
  if (typeof name !== "string" || name === "") throw new TypeError("name has to be a string that is not empty.");
  const { concurrencyMax = serviceLimits.concurrencyMax } = options;
  if (!Number.isSafeInteger(concurrencyMax) || concurrencyMax < 1)
    throw new TypeError(`concurrencyMax has to be a whole number above 0: ${concurrencyMax}.`);
  return new Service(name, handler as Handler<unknown, unknown>, { ...options, concurrencyMax });
}

export class Service {
  readonly #server: Server;
  readonly #handler: Handler<unknown, unknown>;
  readonly #options: ServiceOptions & { concurrencyMax: number };
  readonly #registry: Registry;
  readonly #address = newAddress();
  readonly #running = new Set<Promise<void>>();
  readonly #closed = new AbortController();
  #mailbox: Mailbox | undefined;
  #stop: (() => void) | undefined;
  #ready: Promise<void> | undefined;

  constructor(name: string, handler: Handler<unknown, unknown>, options: ServiceOptions & { concurrencyMax: number }) {
    this.#server = serverOf(options.server);
    this.#handler = handler;
    this.#options = options;
    this.#registry = new Registry(this.#server, name);
  }

  /** Resolves once requests can come; while the server is away that lasts until it is back. Idempotent. */
  start(): Promise<void> {
    this.#ready ??= new Promise((resolve) => {
      const mailbox = mailboxOf(this.#server);
      this.#mailbox = mailbox;
      this.#stop = mailbox.add(this.#address, {
        onLetter: (letter) => this.#receive(letter as Request),
        onOpen: () => void this.#list(mailbox).then(resolve),
      });
    });
    return this.#ready;
  }

  /** Takes no new requests, aborts the signals of those that run, and waits for them. Idempotent. */
  async close(): Promise<void> {
    this.#closed.abort();
    if (this.#mailbox !== undefined)
      await this.#registry.strike(this.#responder(this.#mailbox)).catch((error) => this.#options.onError?.(error));
    this.#stop?.();
    await Promise.all(this.#running);
  }

  #responder(mailbox: Mailbox): string {
    return `${mailbox.channel} ${this.#address}`;
  }

  /** Again after each reconnection: the server may have struck it off, or forgotten all. */
  async #list(mailbox: Mailbox): Promise<void> {
    await untilAnswered(() => this.#registry.list(this.#responder(mailbox)), {
      signal: this.#closed.signal,
      onFailure: (error) => this.#options.onError?.(error),
      msMin: channelLimits.retryMsMin,
      msMax: channelLimits.retryMsMax,
    });
  }

  #receive(request: Request): void {
    const isBusy = this.#running.size >= this.#options.concurrencyMax;
    const answered = isBusy || this.#closed.signal.aborted ? Promise.resolve(busy) : this.#answer(request);
    const sent = answered
      .then((answer) => this.#send(request, answer))
      .catch((error: unknown) => this.#options.onError?.(error))
      .finally(() => this.#running.delete(sent));
    this.#running.add(sent);
  }

  async #answer({ body, timeoutMs }: Request): Promise<Answer> {
    const waits = new AbortController();
    const abort = () => waits.abort();
    const timer = setTimeout(abort, Math.min(timeoutMs, serviceLimits.timeoutMsMax));
    this.#closed.signal.addEventListener("abort", abort);
    try {
      return checked({ body: await this.#handler(body, { signal: waits.signal }) });
    } catch (error) {
      if (!(error instanceof ServiceError)) this.#options.onError?.(error);
      return { error: errorOf(error) };
    } finally {
      clearTimeout(timer);
      this.#closed.signal.removeEventListener("abort", abort);
    }
  }

  async #send({ replyTo }: Request, answer: Answer): Promise<void> {
    await this.#server.main.ask(["PUBLISH", replyTo.channel, payloadOf(replyTo.address, answer)]);
  }
}

/** What a responder sends back. */
export interface Answer {
  body?: unknown;
  error?: { code: string; message: string; details?: unknown };
}

const busy: Answer = { error: { code: "BUSY", message: "The responder has all the requests that it takes." } };

function checked(answer: Answer): Answer {
  checkBytes(answer, "The answer");
  return answer;
}

function errorOf(error: unknown): NonNullable<Answer["error"]> {
  if (error instanceof ServiceError) return { code: error.code, message: error.message, details: error.details };
  return { code: "INTERNAL", message: "The service failed." };
}
