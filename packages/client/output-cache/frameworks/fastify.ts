/** @larder/client/output-cache/fastify */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { OnAnswered, OutputCache } from "../output-cache.ts";
import { isOwnRequest, nodeExchange } from "./node-exchange.ts";
import { headersOver, pageRequestOf } from "./node-request.ts";

/** What of Fastify is used. Its types are not imported. */
interface FastifyRequestLike {
  raw: IncomingMessage;
}

interface FastifyReplyLike {
  readonly statusCode: number;
  code(status: number): unknown;
  header(name: string, value: unknown): unknown;
  getHeader(name: string): unknown;
  send(payload?: unknown): unknown;
  readonly raw: ServerResponse;
  getHeaders(): Record<string, number | string | string[] | undefined>;
  hijack(): unknown;
}

interface FastifyLike {
  routing(request: IncomingMessage, response: ServerResponse): void;
  addHook(name: "onRequest", hook: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>): unknown;
  addHook(
    name: "onSend",
    hook: (request: FastifyRequestLike, reply: FastifyReplyLike, payload: unknown) => Promise<unknown>,
  ): unknown;
}

/**
 * A plugin for Fastify: `await fastify.register(fastifyOutputCache(pages))`, before others whose hooks need not run for
 * pages from the cache. It is for all routes of the instance on which it is registered. A page is rendered by the
 * application from its top, with a request of its own.
 */
export function fastifyOutputCache(pages: OutputCache): (fastify: FastifyLike) => Promise<void> {
  const written = new WeakMap<IncomingMessage, OnAnswered>();
  const plugin = async (fastify: FastifyLike) => {
    fastify.addHook("onSend", async ({ raw }, reply, payload) => {
      await written.get(raw)?.(reply.statusCode);
      return payload;
    });
    fastify.addHook("onRequest", async ({ raw }, reply) => {
      if (isOwnRequest(raw)) return undefined;
      const reaction = await pages.respond(pageRequestOf(raw, raw.url ?? "/"), {
        render(render, signal) {
          const exchange = nodeExchange(render, signal);
          fastify.routing(exchange.request, exchange.response);
          return exchange.rendered;
        },
      });
      if (reaction.kind === "pass") {
        if (reaction.cacheStatus !== undefined) reply.header("cache-status", reaction.cacheStatus);
        if (reaction.onAnswered !== undefined) written.set(raw, reaction.onAnswered);
        return undefined;
      }
      const { answer } = reaction;
      reply.code(answer.status);
      for (const [name, value] of headersOver(answer, reply.getHeader("vary")?.toString())) reply.header(name, value);
      return raw.method === "HEAD" ? sendHead(reply) : reply.send(payloadOf(answer.body));
    });
  };
  // Its hook is of the instance on which it is registered, not of one of its own.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true });
}

/** By hand, as Fastify's own HEAD routes say that a body which they do not get has no bytes. */
function sendHead(reply: FastifyReplyLike): unknown {
  reply.hijack();
  reply.raw.writeHead(reply.statusCode, reply.getHeaders());
  reply.raw.end();
  return reply;
}

function payloadOf(body: Uint8Array | AsyncIterable<Uint8Array> | null): unknown {
  if (body === null) return undefined;
  return body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : Readable.from(body);
}
