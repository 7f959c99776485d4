/**
 * What Azure asks of a shared access signature for import and export: that it lasts for another hour, and began a quarter of
 * an hour ago where it says when. Clocks differ, and a transfer takes its time. Pure.
 */
const lastsMs = 3_600_000;
const begunMs = 15 * 60_000;

/** Letters of `sp`: one of each group has to be there. */
const permissions = { read: ["r"], write: ["wc"] } as const;

/** Why the URL's signature cannot be used, naming its field; undefined: it can, or the URL has none. */
export function sasProblem(url: string, use: keyof typeof permissions, nowMs: number): string | undefined {
  const { searchParams } = new URL(url);
  if (!searchParams.has("sig")) return undefined;
  const endsMs = timeOf(searchParams.get("se"));
  const beginsMs = timeOf(searchParams.get("st"));
  if (searchParams.has("se") && (endsMs === undefined || endsMs < nowMs + lastsMs))
    return "has a signature whose 'se' (the end) must be at least an hour from now";
  if (searchParams.has("st") && (beginsMs === undefined || beginsMs > nowMs - begunMs))
    return "has a signature whose 'st' (the beginning) must be at least 15 minutes ago";
  const granted = searchParams.get("sp");
  const lacks = permissions[use].some(
    (letters) => granted !== null && ![...letters].some((one) => granted.includes(one)),
  );
  return lacks ? `has a signature whose 'sp' does not permit to ${use}` : undefined;
}

/** Days without a time are their first moment. */
function timeOf(text: string | null): number | undefined {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}
