/**
 * oidc-provider, as far as it is used here: it comes without types. It is loaded when it is needed alone, as it takes a while. What
 * it says on the console (that it was not tried on this runtime, that bodies were read before it) goes into the log, where each line
 * is JSON.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log } from "@larder/service";
import type { ClientMetadata } from "./first-party-clients.ts";

export interface OidcLibrary {
  Provider: new (issuer: string, options: Record<string, unknown>) => OidcProvider;
  errors: { CustomOIDCProviderError: new (error: string, description: string) => Error };
}

/** A Koa application. */
export interface OidcProvider {
  callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  use(middleware: (context: OidcContext, next: () => Promise<void>) => Promise<void>): void;
  on(event: "server_error", listener: (context: OidcContext, error: Error) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
  /** Returns where the browser goes on. */
  interactionResult(
    request: IncomingMessage,
    response: ServerResponse,
    result: Record<string, unknown>,
    options: { mergeWithLastSubmission: boolean },
  ): Promise<string>;
  Client: { prototype: object; find(clientId: string): Promise<OidcClient | undefined> };
  Grant: new (of: { accountId: string; clientId: string }) => Grant;
  Session: { get(context: OidcContext): Promise<OidcSession> };
}

/** Koa's context; `oidc` is there within the library's own routes. */
export interface OidcContext {
  /** `body`: of a form that was read before the library. */
  req: IncomingMessage & { body?: object };
  res: ServerResponse;
  method: string;
  path: string;
  ip: string;
  query: Record<string, string | string[] | undefined>;
  querystring: string;
  status: number;
  type: string;
  body: unknown;
  get(header: string): string;
  set(header: string, value: string): void;
  redirect(url: string): void;
  state: Record<string, unknown>;
  oidc: {
    route: string;
    params: Record<string, string | string[] | undefined>;
    body?: Record<string, unknown>;
    client: OidcClient | undefined;
    session: OidcSession;
    account: { accountId: string } | undefined;
    resourceServers: Record<string, unknown>;
    provider: OidcProvider;
    entities: { Account?: { accountId: string } };
  };
}

export interface Interaction {
  uid: string;
  prompt: { name: string };
  params: Record<string, unknown>;
  /** Set in a device's flow. */
  deviceCode?: string;
  session?: { accountId: string };
}

export interface OidcSession {
  accountId?: string;
  loginTs?: number;
  state?: { secret: string };
  grantIdFor(clientId: string): string | undefined;
  destroy(): Promise<void>;
}

export interface OidcClient {
  clientId: string;
  clientName?: string;
  grantTypeAllowed(grantType: string): boolean;
  metadata(): ClientMetadata;
}

export interface Grant {
  addOIDCScope(scope: string): void;
  addResourceScope(resource: string, scope: string): void;
  save(): Promise<string>;
}

let loading: Promise<OidcLibrary> | undefined;

export function loadOidcLibrary(log: Log): Promise<OidcLibrary> {
  loading ??= load(log);
  return loading;
}

async function load(log: Log): Promise<OidcLibrary> {
  for (const name of ["info", "warn"] as const) redirect(name, log);
  // @ts-expect-error: without types
  return (await import("oidc-provider")) as OidcLibrary;
}

function redirect(name: "info" | "warn", log: Log): void {
  // biome-ignore lint/suspicious/noConsole: the library speaks by it, and has no other way
  const print = console[name].bind(console);
  console[name] = (text: unknown, ...more: unknown[]) => {
    if (typeof text === "string" && text.startsWith("oidc-provider")) log.debug({ text }, "said by a library");
    else print(text, ...more);
  };
}
