/** A request of Node's HTTP server as the core sees it, and an answer as its response sends it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answer } from "../answer.ts";
import { tokensOf } from "../http/header-list.ts";
import type { PageRequest } from "../options.ts";

/** `url` as it came, before a router took a part of it away. */
export function pageRequestOf(request: IncomingMessage, url: string): PageRequest {
  const isEncrypted = (request.socket as { encrypted?: boolean } | null)?.encrypted === true;
  return {
    method: request.method ?? "GET",
    url,
    scheme: isEncrypted || /^https\b/.test(String(request.headers["x-forwarded-proto"])) ? "https" : "http",
    host: request.headers.host ?? request.headers[":authority"]?.toString(),
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
  };
}

/** Headers that were set before stay, unless the page has its own; of Vary, both count. */
export function headersOver(answer: Answer, earlierVary: string | undefined): Map<string, string | string[]> {
  const headers = new Map<string, string | string[]>();
  for (const [name, value] of answer.headers) {
    const known = headers.get(name);
    headers.set(name, known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value]);
  }
  const names = new Set([...tokensOf(earlierVary), ...tokensOf(headers.get("vary")?.toString())]);
  if (names.size > 0) headers.set("vary", [...names].join(", "));
  return headers;
}

/** Resolves when all is written, or the client has gone. Rejects when the page's rendering fails midway: the connection is closed. */
export async function send(response: ServerResponse, answer: Answer): Promise<void> {
  response.statusCode = answer.status;
  for (const [name, value] of headersOver(answer, response.getHeader("vary")?.toString()))
    response.setHeader(name, value);
  if (answer.body === null || answer.body instanceof Uint8Array) {
    response.end(answer.body ?? undefined);
    return;
  }
  try {
    for await (const chunk of answer.body) {
      if (response.destroyed) return;
      if (!response.write(chunk)) await drained(response);
    }
    response.end();
  } catch {
    // The client has a part of it: only a connection that ends too early says that there is no rest.
    response.destroy();
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}
