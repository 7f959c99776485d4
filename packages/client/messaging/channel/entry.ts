/**
 * A message as it comes from the server, once for a process however many listen. Published as `id previous\nbody`, or as
 * `-\nbody` where it is kept by nobody and so has no id. The body is JSON, and is read only when somebody wants it.
 */
export class Entry {
  readonly id: string | null;
  /** The id of the message before it; what a listener's last one has to be for nothing to be missing. */
  readonly previous: string | null;
  readonly body: Buffer;
  #read: { data: unknown } | { error: unknown } | undefined;

  constructor(id: string | null, previous: string | null, body: Buffer) {
    this.id = id;
    this.previous = previous;
    this.body = body;
  }

  /** The same object for all who ask. Throws a SyntaxError when the body is no JSON. */
  get data(): unknown {
    this.#read ??= parse(this.body);
    if ("error" in this.#read) throw this.#read.error;
    return this.#read.data;
  }
}

/** What a listener may have missed, and why: see the reasons in options.ts. */
export interface Gap {
  type: "gap";
  reason: "trimmed" | "lost" | "disconnected" | "slow" | "unreadable";
  /** The last message that was told before it; null when there was none, or it had no id. */
  after: string | null;
  /** Where it goes on: a listener that resumes from here is not told of the same gap again. Null without a history. */
  id: string | null;
}

export type Delivery = Entry | Gap;

export function isGap(delivery: Delivery): delivery is Gap {
  return !(delivery instanceof Entry);
}

const newline = 10;

/** undefined for what nobody of this package published. */
export function parsePayload(payload: Buffer): Entry | undefined {
  const end = payload.indexOf(newline);
  if (end === -1) return undefined;
  const header = payload.toString("latin1", 0, end);
  const body = payload.subarray(end + 1);
  if (header === "-") return new Entry(null, null, body);
  const match = /^(\d+-\d+) (\d+-\d+)$/.exec(header);
  return match === null ? undefined : new Entry(match[1] as string, match[2] as string, body);
}

export function unkeptPayload(body: string): string {
  return `-\n${body}`;
}

function parse(body: Buffer): { data: unknown } | { error: unknown } {
  try {
    return { data: JSON.parse(body.toString()) };
  } catch (error) {
    return { error };
  }
}
