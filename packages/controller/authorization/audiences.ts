/**
 * For whom a token has to be issued so that the API takes it, where the operator does not say: the addresses under which the API is
 * reached, as its certificate has them, which is what Azure's clients ask for with an endpoint of one's own, and Azure's own names.
 * Never what a request says in its Host header: whoever holds a token for another service could name that.
 */
import { bracketedHost } from "@larder/api";
import { serverNames } from "../pki/server-names.ts";

const azureAudiences = ["https://management.azure.com", "https://management.core.windows.net"];

export function defaultAudiences({ host, domain, port }: { host: string; domain: string; port: number }): string[] {
  const { dns, ip } = serverNames({ domain, host });
  const names = [...dns.filter((name) => !name.includes("*")), ...ip.map((address) => bracketedHost(address))];
  return [...names.map((name) => `https://${name}:${port}`), ...azureAudiences];
}
