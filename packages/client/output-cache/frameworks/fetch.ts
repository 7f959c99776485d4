/** Around a handler that takes a Request and gives a Response: of Bun, Deno, Hono and others. */
import type { Answer } from "../answer.ts";
import type { PageRequest } from "../options.ts";
import type { OutputCache } from "../output-cache.ts";
import type { RenderRequest } from "../page-key.ts";
import type { Rendered, Source } from "../rendering.ts";

/** Requests that render a page. No output cache may answer them, as one in front of another would wait for itself. */
export const ownRequests = new WeakSet<Request>();

export type FetchHandler<Rest extends unknown[]> = (request: Request, ...rest: Rest) => Response | Promise<Response>;

/**
 * The same handler, with pages kept. Whatever else it is called with goes along. While a page is rendered it gets a request
 * of its own, with what is in the page's key.
 */
export function fetchOutputCache<Rest extends unknown[]>(
  pages: OutputCache,
  handler: FetchHandler<Rest>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    if (ownRequests.has(request)) return handler(request, ...rest);
    const reaction = await pages.respond(
      pageRequestOf(request),
      fetchSource((own) => handler(own, ...rest)),
    );
    if (reaction.kind === "answer") return responseOf(reaction.answer);
    const response = await handler(request, ...rest);
    if (response instanceof Response) await reaction.onAnswered?.(response.status);
    return withCacheStatus(response, reaction.cacheStatus);
  };
}

export function pageRequestOf(request: Request): PageRequest {
  const { protocol, host, pathname, search } = new URL(request.url);
  const isSecure = protocol === "https:" || /^https\b/.test(request.headers.get("x-forwarded-proto") ?? "");
  return {
    method: request.method,
    url: pathname + search,
    scheme: isSecure ? "https" : "http",
    host: request.headers.get("host") ?? host,
    header: (name) => request.headers.get(name) ?? undefined,
  };
}

export function fetchSource(handle: (request: Request) => Response | Promise<Response>): Source {
  return {
    async render(request, signal) {
      return renderedOf(await handle(requestOf(request, signal)));
    },
  };
}

function requestOf({ scheme, host, url, headers }: RenderRequest, signal: AbortSignal): Request {
  const request = new Request(`${scheme}://${host}${url}`, {
    headers: headers.map(([name, value]) => [name, value]),
    signal,
  });
  ownRequests.add(request);
  return request;
}

function renderedOf(response: Response): Rendered {
  const reader = response.body?.getReader();
  return {
    status: response.status,
    headers: [...response.headers],
    body: chunksOf(reader),
    end: () => void reader?.cancel().catch(() => {}),
  };
}

interface Reader {
  read(): Promise<{ done: boolean; value?: Uint8Array }>;
}

async function* chunksOf(reader: Reader | undefined): AsyncGenerator<Uint8Array> {
  for (;;) {
    const next = await reader?.read();
    if (next?.value === undefined) return;
    yield next.value;
  }
}

export function responseOf({ status, headers, body }: Answer): Response {
  return new Response(isStream(body) ? streamOf(body) : (body as Uint8Array<ArrayBuffer> | null), {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });
}

function isStream(body: Answer["body"]): body is AsyncIterable<Uint8Array> {
  return body !== null && Symbol.asyncIterator in body;
}

function streamOf(body: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return?.();
    },
  });
}

/** The headers of a response may be immutable; and a handler that has taken the connection over returns none. */
function withCacheStatus(response: Response, cacheStatus: string | undefined): Response {
  if (cacheStatus === undefined || !(response instanceof Response) || response.status < 200) return response;
  try {
    response.headers.append("cache-status", cacheStatus);
    return response;
  } catch {
    const headers = new Headers(response.headers);
    headers.append("cache-status", cacheStatus);
    return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
  }
}
