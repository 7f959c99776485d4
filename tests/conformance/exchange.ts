/** One call of the management API and its answer, as a client saw them. */
export interface Exchange {
  method: string;
  url: string;
  /** As text; empty without one. */
  requestBody: string;
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  responseBody: string;
}

export function pathOf({ url }: Exchange): string {
  return new URL(url).pathname;
}

export function versionOf({ url }: Exchange): string {
  return new URL(url).searchParams.get("api-version") ?? "";
}

/** Whether the exchange is about something in Microsoft.Cache: what the Swagger files describe. */
export function isOfCache(url: string): boolean {
  const namespaces = [...new URL(url).pathname.matchAll(/\/providers\/([^/]+)(?=\/)/gi)];
  return namespaces.at(-1)?.[1]?.toLowerCase() === "microsoft.cache";
}
