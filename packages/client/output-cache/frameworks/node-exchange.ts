/**
 * A request and a response of Node's HTTP server that belong to no connection: what a framework on Node is given to render a page.
 *
 * It is rendered by a request of its own, and not by the first client's, because that one has headers and cookies which must not
 * change a page that others get, may go away in the middle, and is not there at all when a stale page is rendered anew. Waiting for
 * the next request instead would let it pay with its time, and would need a client's request again.
 *
 * What is written goes to `out`; all else of the response (headers, status) is Node's own. The methods are set on the object, as
 * Express replaces its prototype.
 */
import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { PassThrough } from "node:stream";
import type { HeaderList } from "../http/header-list.ts";
import type { RenderRequest } from "../page-key.ts";
import type { Rendered } from "../rendering.ts";

/** No output cache may answer them, as one in front of another would wait for itself. */
const ownRequests = new WeakSet<IncomingMessage>();

export function isOwnRequest(request: IncomingMessage): boolean {
  return ownRequests.has(request);
}

interface NodeExchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** Once the head is written. Rejects when the response is destroyed before. */
  rendered: Promise<Rendered>;
}

export function nodeExchange(render: RenderRequest, signal: AbortSignal): NodeExchange {
  const request = requestFor(render);
  const response = new ServerResponse(request);
  const out = new PassThrough();
  const rendered = new Promise<Rendered>((resolve, reject) => {
    const head = new Head(response, () =>
      resolve({ status: response.statusCode, headers: headersOf(response), body: out, end: () => out.destroy() }),
    );
    connect(response, { out, head });
    out.once("close", () => reject(out.errored ?? new Error("The response was closed before it began.")));
  });
  signal.addEventListener("abort", () => out.destroy(new Error("Nobody waits for the page.")), { once: true });
  return { request, response, rendered };
}

function requestFor({ url, scheme, headers }: RenderRequest): IncomingMessage {
  const socket = new Socket();
  Object.assign(socket, { encrypted: scheme === "https" });
  const request = new IncomingMessage(socket);
  Object.assign(request, { method: "GET", url, httpVersion: "1.1", httpVersionMajor: 1, httpVersionMinor: 1 });
  Object.defineProperty(request, "headers", { value: Object.fromEntries(headers), writable: true, configurable: true });
  request.rawHeaders = headers.flat();
  ownRequests.add(request);
  request.push(null);
  request.complete = true;
  return request;
}

/** Status and headers are fixed once anything is sent. */
class Head {
  readonly #response: ServerResponse;
  readonly #onSent: () => void;
  isSent = false;

  constructor(response: ServerResponse, onSent: () => void) {
    this.#response = response;
    this.#onSent = onSent;
  }

  write(status: number, given: OutgoingHttpHeaders | unknown[] | undefined): void {
    this.#response.statusCode = status;
    const headers = Array.isArray(given) ? pairsOf(given) : Object.entries(given ?? {});
    for (const [name, value] of headers) if (value !== undefined) this.#response.setHeader(name, value);
    this.send();
  }

  send(): void {
    if (this.isSent) return;
    this.isSent = true;
    this.#onSent();
  }
}

type Callback = (error?: Error | null) => void;

function connect(response: ServerResponse, { out, head }: { out: PassThrough; head: Head }): void {
  const methods = {
    writeHead(status: number, ...rest: unknown[]) {
      head.write(status, rest.find((each) => typeof each === "object") as OutgoingHttpHeaders | undefined);
      return response;
    },
    flushHeaders: () => head.send(),
    write(chunk: string | Uint8Array, ...rest: unknown[]) {
      head.send();
      return out.write(chunk, encodingIn(rest), callbackIn(rest));
    },
    end(...given: unknown[]) {
      const chunk = typeof given[0] === "function" ? undefined : given[0];
      const done = callbackIn(given);
      head.send();
      if (done !== undefined) response.once("finish", done);
      if (chunk === undefined || chunk === null) out.end();
      else out.end(chunk as string, encodingIn(given.slice(1)));
      return response;
    },
    destroy(error?: Error) {
      out.destroy(error);
      return response;
    },
    writeContinue: () => {},
    writeEarlyHints: () => {},
    writeProcessing: () => {},
  };
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(response, name, { value, writable: true, configurable: true });
  const states = {
    headersSent: () => head.isSent,
    writableEnded: () => out.writableEnded,
    finished: () => out.writableEnded,
    writableFinished: () => out.writableFinished,
    writableNeedDrain: () => out.writableNeedDrain,
    destroyed: () => out.destroyed && !out.writableFinished,
  };
  for (const [name, get] of Object.entries(states))
    Object.defineProperty(response, name, { get, set: () => {}, configurable: true });
  out.on("drain", () => response.emit("drain"));
  out.on("finish", () => response.emit("finish"));
  out.on("close", () => response.emit("close"));
  // Whoever reads the body hears of it.
  out.on("error", () => {});
}

function encodingIn(given: unknown[]): BufferEncoding {
  return (given.find((each) => typeof each === "string") as BufferEncoding | undefined) ?? "utf8";
}

function callbackIn(given: unknown[]): Callback | undefined {
  return given.find((each) => typeof each === "function") as Callback | undefined;
}

function pairsOf(flat: unknown[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) pairs.push([String(flat[index]), String(flat[index + 1])]);
  return pairs;
}

function headersOf(response: ServerResponse): HeaderList {
  return Object.entries(response.getHeaders()).flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return values.filter((each) => each !== undefined).map((each) => [name.toLowerCase(), String(each)] as const);
  });
}
