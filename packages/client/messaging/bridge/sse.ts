/**
 * A channel as server-sent events, for browsers' `EventSource`. A browser that comes back says the last id that it has, and gets
 * what followed; a new one may say it as `?lastEventId=`, for example where its page was made.
 *
 * A client is told its position as soon as it is connected, so that it resumes exactly even when nothing was published yet. While the
 * cache server is away clients stay connected, and get what they missed when it is back. What went missing for good is an event
 * of the type "gap": the page loads its state anew.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Duration, durationMs } from "../../duration.ts";
import { isEventId } from "../channel/event-id.ts";
import {
  admit,
  type BridgeOptions,
  type BridgeRequest,
  type BridgeSettings,
  bridgeSettings,
  type ChannelChoice,
} from "./bridge-options.ts";
import { BridgeClients } from "./clients.ts";
import { bridgeLimits } from "./limits.ts";
import { requestOf } from "./node-request.ts";
import { SseClient, type SseSink } from "./sse-client.ts";
import { FrameMaker } from "./sse-frames.ts";
import { SseNodeSink } from "./sse-node.ts";
import { sseStream } from "./sse-web.ts";

export interface SseOptions extends BridgeOptions {
  /** The type of the events; "message" unless given. */
  event?: string;
  /** How long a browser waits before it connects again, on average. */
  retry?: Duration;
}

type Refusal = { status: 403 | 404 | 500 | 503; text: string };

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  // Neither stored, nor compressed or held back on the way.
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** Makes a bridge; `channel` may be chosen by the request. */
export function sse(channel: ChannelChoice, options: SseOptions = {}): SseBridge {
  return new SseBridge(channel, options);
}

export class SseBridge {
  readonly #choice: ChannelChoice;
  readonly #authorize: BridgeOptions["authorize"];
  readonly #settings: BridgeSettings;
  readonly #retryMs: number;
  readonly #frames: FrameMaker;
  readonly #clients: BridgeClients;

  constructor(choice: ChannelChoice, options: SseOptions) {
    this.#choice = choice;
    this.#authorize = options.authorize;
    this.#settings = bridgeSettings(options);
    this.#retryMs = durationMs(options.retry ?? bridgeLimits.retryMs, "retry");
    if (options.event !== undefined && /[\r\n]/.test(options.event)) throw new TypeError("event has a line break.");
    this.#frames = new FrameMaker(options.event);
    this.#clients = new BridgeClients(this.#settings.clientsMax, this.#settings.heartbeatMs);
  }

  get clientCount(): number {
    return this.#clients.count;
  }

  /** For `node:http` and Express: `app.get("/events", bridge.node)`. Never rejects. */
  readonly node = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = requestOf(request);
    const opened = await this.#open(asked);
    if (response.destroyed) return;
    if ("status" in opened) {
      response.writeHead(opened.status, { "content-type": "text/plain; charset=utf-8" }).end(opened.text);
      return;
    }
    response.writeHead(200, headers);
    opened.start(new SseNodeSink(response, this.#settings.clientBytesMax));
  };

  /** For Fastify: `fastify.get("/events", bridge.fastify)`. */
  readonly fastify = async (
    request: { raw: IncomingMessage },
    reply: { raw: ServerResponse; hijack(): unknown },
  ): Promise<void> => {
    reply.hijack();
    await this.node(request.raw, reply.raw);
  };

  /** For `fetch` handlers: Bun, Deno, and Hono by `app.get("/events", (c) => bridge.fetch(c.req.raw))`. Never rejects. */
  readonly fetch = async (request: Request): Promise<Response> => {
    const opened = await this.#open({ url: new URL(request.url), headers: request.headers, raw: request });
    if ("status" in opened) return new Response(opened.text, { status: opened.status });
    const stream = sseStream(opened.start, this.#settings.clientBytesMax, request.signal);
    return new Response(stream, { headers });
  };

  /** Ends all responses; browsers connect again, to another process when this one is stopping. */
  close(): void {
    this.#clients.closeAll();
  }

  async #open(request: BridgeRequest): Promise<Refusal | { start: (sink: SseSink) => SseClient }> {
    if (this.#clients.isFull) return { status: 503, text: "Too many clients are connected here." };
    try {
      const admission = await admit(request, this.#choice, this.#authorize);
      if ("refused" in admission) return refusals[admission.refused];
      const from = lastEventId(request) ?? "now";
      return {
        start: (sink) =>
          new SseClient({
            channel: admission.channel,
            from,
            sink,
            frames: this.#frames,
            clients: this.#clients,
            settings: this.#settings,
            retryMs: this.#retryMs * (0.5 + this.#settings.randomness.fraction()),
          }),
      };
    } catch {
      return { status: 500, text: "This went wrong." };
    }
  }
}

const refusals = {
  forbidden: { status: 403, text: "You may not listen to this." },
  unknown: { status: 404, text: "There is no such channel." },
} as const;

/** What is no id is as if none was said: the browser had it from elsewhere. */
function lastEventId({ headers: given, url }: BridgeRequest): string | undefined {
  const id = given.get("last-event-id") ?? url.searchParams.get("lastEventId");
  return isEventId(id) ? id : undefined;
}
