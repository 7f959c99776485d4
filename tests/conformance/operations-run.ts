/**
 * What came of every operation that an official client called: its calls are watched by name, and the first exchange of each
 * is the operation that it stands for (what follows are polls, further pages and the last look at the resource).
 */
import type { RedisManagementClientOptionalParams } from "@azure/arm-rediscache";
import { type Exchange, versionOf } from "./exchange.ts";
import { findOperation } from "./swagger-operations.ts";
import { note } from "./watched-fetch.ts";

/** Of every official client alike. */
type PipelinePolicy = NonNullable<RedisManagementClientOptionalParams["additionalPolicies"]>[number]["policy"];

export interface OperationSeen {
  /** Of the client: `firewallRules.list`. */
  call: string;
  version: string;
  /** "200", or an error: "404 ResourceNotFound". */
  answers: Set<string>;
}

export class OperationsRun {
  /** By the operation's id. */
  readonly seen = new Map<string, OperationSeen>();
  readonly #offered = new Set<string>();
  readonly #called = new Set<string>();
  #call = "";

  /** For `additionalPolicies` of a client, at every try. */
  readonly policy: PipelinePolicy = {
    name: "conformance",
    sendRequest: async (request, next) => {
      const response = await next(request);
      const exchange: Exchange = {
        method: request.method,
        url: request.url,
        requestBody: typeof request.body === "string" ? request.body : "",
        status: response.status,
        headers: response.headers.toJSON(),
        responseBody: response.bodyAsText ?? "",
      };
      await note(exchange);
      this.#record(exchange);
      return response;
    },
  };

  /** The client, with its calls watched. */
  watched<T extends object>(client: T): T {
    const groups = Object.entries(client).filter(([name, group]) => !name.startsWith("_") && isOperationGroup(group));
    const watched = new Map(groups.map(([name, group]) => [name, this.#watchedGroup(name, group)]));
    return new Proxy(client, { get: (target, key) => watched.get(String(key)) ?? Reflect.get(target, key) });
  }

  /** What the client has and was not called; a long-running operation counts in either of its forms. */
  uncalled(): string[] {
    const called = new Set([...this.#called].map(withoutWait));
    return [...this.#offered].filter((call) => !called.has(withoutWait(call)));
  }

  #watchedGroup(name: string, group: object): object {
    for (const method of publicMethods(group)) this.#offered.add(`${name}.${method}`);
    return new Proxy(group, {
      get: (target, key) => {
        const value = Reflect.get(target, key) as unknown;
        if (typeof value !== "function" || typeof key !== "string") return value;
        return (...args: unknown[]) => {
          this.#call = `${name}.${key}`;
          this.#called.add(this.#call);
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
  }

  #record(exchange: Exchange): void {
    const operation = findOperation(exchange.method, new URL(exchange.url).pathname);
    const call = this.#call;
    this.#call = "";
    if (operation === undefined || call === "") return;
    const seen = this.seen.get(operation.id) ?? { call, version: versionOf(exchange), answers: new Set<string>() };
    seen.answers.add(answerOf(exchange));
    this.seen.set(operation.id, seen);
  }
}

export function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  return Array.fromAsync(pages);
}

const notThere = ["OperationNotSupported", "ResourceNotFound", "InvalidResourceType"];

/** Done, or refused as what there is not, or not yet. Any other refusal is thrown. */
export async function built(answer: Promise<unknown>): Promise<void> {
  await answer.catch((error: { code?: string }) => {
    if (!notThere.includes(error.code ?? "")) throw error;
  });
}

function answerOf({ status, responseBody }: Exchange): string {
  if (status < 400) return String(status);
  return `${status} ${(JSON.parse(responseBody) as { error: { code: string } }).error.code}`;
}

function isOperationGroup(value: unknown): value is object {
  return typeof value === "object" && value !== null && publicMethods(value).length > 0 && "client" in value;
}

function publicMethods(group: object): string[] {
  const own = Object.getOwnPropertyNames(Object.getPrototypeOf(group) as object);
  return own.filter((name) => name !== "constructor" && !name.startsWith("_") && !/Paging(Page|All)$/.test(name));
}

function withoutWait(call: string): string {
  return call.replace(/AndWait$/, "");
}
