/**
 * One rendering of a page: the handler runs with what the key shows of the request, and with no client, so that nobody's going away
 * ends it. What must not be kept is dropped as soon as its head is there, and a mark kept in its place: a response that is not shared is
 * never given to a client from here, as it was made without that client's cookies and headers. Its own handler answers it.
 */
import { createHash } from "node:crypto";
import type { LoadContext } from "../cache/options.ts";
import { headerOf, pageHeaders, withHeader } from "./http/header-list.ts";
import { LiveBody } from "./live-body.ts";
import { outputCacheLimits, type TroubleKind } from "./options.ts";
import type { Page, Pass, Stored } from "./page.ts";
import type { RenderRequest } from "./page-key.ts";
import { decideResponse, type Lifetimes, type ResponseHead } from "./response-decision.ts";
import type { Route } from "./route.ts";

/** What an adapter gets from its framework. */
export interface Rendered extends ResponseHead {
  /** Read once, or not at all. */
  body: AsyncIterable<Uint8Array>;
  /** The rest is not wanted: what the handler still holds may go. */
  end(): void;
}

export interface Source {
  /** Rejects, or fails while the body is read, when the handler does. */
  render(request: RenderRequest, signal: AbortSignal): Promise<Rendered>;
}

/** It will be kept, and can be read meanwhile. */
export interface Live {
  head: ResponseHead;
  body: LiveBody;
  bytes: number | undefined;
}

export interface RenderingContext {
  source: Source;
  request: RenderRequest;
  route: Route;
  alsoVaryOn: readonly string[];
  bodyBytesMax: number;
  /** Wall time here, and the server's. */
  nowMs(): number;
  serverNowMs(): number;
  onTrouble(what: TroubleKind, error?: unknown): void;
}

export class RenderingFailed extends Error {
  override readonly name = "RenderingFailed";
}

export class Rendering {
  readonly #context: RenderingContext;
  /** Of the body that its client streams; it is not ended when it has taken too long to be kept. */
  #isStreamed = false;
  #resolveLive: (live: Live) => void = () => {};
  /** Never settles for what is not kept. */
  readonly live = new Promise<Live>((resolve) => {
    this.#resolveLive = resolve;
  });
  hasBegun = false;
  /** Of what it has kept. */
  storedAtMs: number | undefined;

  constructor(context: RenderingContext) {
    this.#context = context;
  }

  /** The client streams what `live` gave. */
  stream(): void {
    this.#isStreamed = true;
  }

  async run({ signal }: Pick<LoadContext, "signal">): Promise<Stored> {
    this.hasBegun = true;
    const ending = new AbortController();
    signal.addEventListener("abort", () => !this.#isStreamed && ending.abort(), { once: true });
    try {
      return await this.#run(ending.signal);
    } catch (error) {
      this.#context.onTrouble("render", error);
      throw error;
    }
  }

  async #run(signal: AbortSignal): Promise<Stored> {
    const { source, request, route, alsoVaryOn, nowMs } = this.#context;
    const rendered = await source.render(request, signal);
    const decision = decideResponse(rendered, { route, alsoVaryOn, nowMs: nowMs() });
    if (decision.kind === "keep") return this.#collect(rendered, decision);
    rendered.end();
    switch (decision.kind) {
      case "failed":
        throw new RenderingFailed(`The handler answered ${rendered.status}.`);
      case "varies":
        return { kind: "varies", on: decision.on };
      case "pass":
        if (decision.trouble !== undefined) this.#context.onTrouble(decision.trouble);
        return this.#pass(decision.why);
    }
  }

  async #collect(rendered: Rendered, lifetimes: Lifetimes): Promise<Stored> {
    const { bodyBytesMax, onTrouble, serverNowMs } = this.#context;
    const storedAtMs = serverNowMs();
    this.storedAtMs = storedAtMs;
    const bytes = lengthOf(rendered);
    const body = new LiveBody(rendered, { bytesMax: bodyBytesMax, bytesExpected: bytes });
    const head = { status: rendered.status, headers: this.#keptHeaders(rendered) };
    this.#resolveLive({ head, body, bytes });
    const whole = await body.whole();
    if (whole === null) {
      onTrouble("body too long");
      if (!this.#isStreamed) body.abandon();
      return this.#pass("body too long");
    }
    return pageOf(head, whole, { ...lifetimes, storedAtMs });
  }

  #keptHeaders({ headers }: ResponseHead): ResponseHead["headers"] {
    const kept = pageHeaders(headers).filter(([name]) => name !== "set-cookie" && name !== "content-encoding");
    return headerOf(kept, "date") === undefined
      ? withHeader(kept, "date", new Date(this.#context.nowMs()).toUTCString())
      : kept;
  }

  #pass(why: string): Pass {
    return { kind: "pass", why, storedAtMs: this.#context.serverNowMs(), freshMs: outputCacheLimits.passMs };
  }
}

function pageOf(head: ResponseHead, body: Buffer, lifetimes: Lifetimes & { storedAtMs: number }): Page {
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 32);
  const { freshMs, staleWhileRevalidateMs, staleIfErrorMs, ageMs, storedAtMs } = lifetimes;
  return {
    kind: "page",
    status: head.status,
    headers:
      headerOf(head.headers, "etag") === undefined ? withHeader(head.headers, "etag", `"${digest}"`) : head.headers,
    body,
    digest,
    storedAtMs,
    freshMs,
    staleWhileRevalidateMs,
    staleIfErrorMs,
    ageMs,
  };
}

function lengthOf({ status, headers }: ResponseHead): number | undefined {
  const length = headerOf(headers, "content-length");
  return status === 204 || length === undefined || !/^\d+$/.test(length) ? undefined : Number(length);
}
