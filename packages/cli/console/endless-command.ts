/** Commands after which the engine speaks without being asked, for as long as the connection lives. */
const endless = new Set(["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR"]);

export function isEndless(args: readonly Buffer[]): boolean {
  return endless.has(String(args[0]).toUpperCase());
}
