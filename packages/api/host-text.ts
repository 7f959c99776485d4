/** A host as it is written in URLs and before a port. Pure. */

/** An IPv6 address stands in brackets. */
export function bracketedHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

export function hostAndPortText({ host, port }: { host: string; port: number }): string {
  return `${bracketedHost(host)}:${port}`;
}

/** Whether who listens there listens on every address of the machine. */
export function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}
