/**
 * Adds go to the server in batches: those of one turn, and all that come while a batch is on its way, are one script. A batch that was on its
 * way when the connection was lost is sent again with its number: the server remembers the last number of each process, and what that batch
 * answered, so it is added once. That is why there is never more than one batch on its way.
 */
import { setImmediate } from "node:timers";
import { ServerUnreachable } from "../../connection/connection.ts";
import { OutcomeUnknown, QueueFull, QueueRefused } from "./errors.ts";
import { limits, type QueueSettings } from "./options.ts";
import { addScript } from "./scripts/add.ts";
import { fateOf } from "./server-trouble.ts";

export interface Added {
  /** Of the message; of the first one where `isDuplicate`. */
  id: string;
  /** Nothing was added, as a message with the same `dedupe` id was. */
  isDuplicate: boolean;
}

interface Waiting {
  id: string;
  how: string;
  message: string;
  sinceMs: number;
  resolve(added: Added): void;
  reject(error: Error): void;
}

type Refusal = [index: number, kind: "same", id: string] | [index: number, kind: "full"];

export class Adder {
  readonly #queue: QueueSettings;
  readonly #process: string;
  #waiting: Waiting[] = [];
  #isSending = false;
  #batches = 0;
  #messages = 0;

  constructor(queue: QueueSettings) {
    this.#queue = queue;
    this.#process = queue.randomness.bytes(9).toString("base64url");
  }

  /** An id that no other message has. */
  newId(): string {
    this.#messages++;
    return `${this.#process}-${this.#messages.toString(36)}`;
  }

  /** `how` and `message` as the script wants them. */
  add(id: string, how: string, message: string): Promise<Added> {
    if (this.#waiting.length >= limits.waitingAddsMax)
      return Promise.reject(new QueueFull(`More than ${limits.waitingAddsMax} adds wait for the server.`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, how, message, sinceMs: this.#queue.clock.monotonicMs(), resolve, reject });
      if (this.#isSending) return;
      this.#isSending = true;
      setImmediate(() => void this.#sendAll());
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#cut();
      await this.#send(batch);
      // Whoever was answered may add the next at once: those go together.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#isSending = false;
  }

  #cut(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const { message } of this.#waiting) {
      bytes += message.length;
      if (count > 0 && (bytes > limits.batchBytesMax || count >= limits.batchMessagesMax)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #send(batch: Waiting[]): Promise<void> {
    const { base, lengthMax, clock, tell } = this.#queue;
    const args = [this.#process, String(++this.#batches), String(lengthMax), String(limits.batchKeptMs)];
    for (const { how, message } of batch) args.push(how, message);
    let mayBeAdded = false;
    for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, limits.pauseMsMax)) {
      try {
        return settle(batch, (await addScript.run(this.#queue.server.main, [base], args)) as string, lengthMax);
      } catch (error) {
        const fate = fateOf(error);
        if (fate === "refused") return reject(batch, new QueueRefused("The server refused to add.", { cause: error }));
        if (fate === "unknown") mayBeAdded = true;
        tell({ type: "trouble", what: "add", error });
        this.#rejectLate(error);
        if (this.#isLate(batch)) return reject(batch, errorOf(mayBeAdded, error));
        await clock.sleep(pauseMs);
      }
    }
  }

  #isLate(batch: readonly Waiting[]): boolean {
    const first = batch[0] as Waiting;
    return this.#queue.clock.monotonicMs() - first.sinceMs >= this.#queue.addTimeoutMs;
  }

  /** Those behind a batch that the server does not answer wait no longer than it. */
  #rejectLate(error: unknown): void {
    const onTime = this.#waiting.findIndex((waiting) => !this.#isLate([waiting]));
    const late = this.#waiting.splice(0, onTime === -1 ? this.#waiting.length : onTime);
    reject(late, errorOf(false, error));
  }
}

function settle(batch: readonly Waiting[], answer: string, lengthMax: number): void {
  const refusals = answer === "" ? [] : (JSON.parse(answer) as Refusal[]);
  const refused = new Map(refusals.map((refusal) => [refusal[0], refusal]));
  for (const [index, { id, resolve, reject }] of batch.entries()) {
    const refusal = refused.get(index);
    if (refusal === undefined) resolve({ id, isDuplicate: false });
    else if (refusal[1] === "same") resolve({ id: refusal[2], isDuplicate: true });
    else reject(new QueueFull(`The queue has its ${lengthMax} messages.`));
  }
}

function reject(batch: readonly Waiting[], error: Error): void {
  for (const waiting of batch) waiting.reject(error);
}

function errorOf(mayBeAdded: boolean, cause: unknown): Error {
  if (!mayBeAdded) return new ServerUnreachable(cause);
  return new OutcomeUnknown("The server was lost: the message may or may not have been added.", { cause });
}
