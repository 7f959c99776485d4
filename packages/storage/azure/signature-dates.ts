/**
 * When a shared access signature is in force, as far as that is in it. What its dates must be to be handed in at all is
 * sas-rules.ts' of the api package.
 */

export function isInForce(sas: string, nowMs: number): boolean {
  const query = new URLSearchParams(sas);
  const [beginsMs, endsMs] = [query.get("st"), query.get("se")].map((text) => Date.parse(text ?? ""));
  // NaN, where there is no date, compares with nothing.
  return !((beginsMs ?? 0) > nowMs) && !((endsMs ?? 0) <= nowMs);
}
