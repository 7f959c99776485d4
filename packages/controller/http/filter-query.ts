/**
 * `$filter` of roles, assignments and the activity log: conditions joined by `and`, each `name op 'value'` or `name('value')`. Whoever
 * reads one says which conditions it knows. Lists of resources have another form (resource-filter.ts).
 */
import { LarderError } from "@larder/api";

export interface Condition {
  /** In lower case. */
  name: string;
  /** In lower case; "call": `name('value')`. */
  operator: string;
  value: string;
}

const lengthMax = 4_096;
const next =
  /^\s*(?:([\w./]+)\s*\(\s*(?:'((?:[^']|'')*)')?\s*\)|([\w./]+)\s+(eq|ge|le)\s+(?:'((?:[^']|'')*)'|([^\s']+)))\s*(and\s+|$)/i;

/** Throws InvalidFilterInQueryString. */
export function parseFilter(text: string | undefined): Condition[] {
  const conditions: Condition[] = [];
  for (let rest = text?.trim() ?? ""; rest !== ""; ) {
    const match = rest.length > lengthMax ? null : next.exec(rest);
    if (match === null) throw badFilter(`'${rest.slice(0, 80)}' is not understood`);
    const [whole, called, argument, name, operator, quoted, bare] = match;
    const value = (argument ?? quoted ?? bare ?? "").replaceAll("''", "'");
    conditions.push({
      name: (called ?? name ?? "").toLowerCase(),
      operator: called === undefined ? (operator ?? "").toLowerCase() : "call",
      value,
    });
    rest = rest.slice(whole.length);
    if (rest === "" && /and\s*$/i.test(whole) && match[7] !== "") throw badFilter("it ends with 'and'");
  }
  return conditions;
}

export function badFilter(why: string): LarderError {
  return new LarderError("InvalidFilterInQueryString", `The $filter cannot be used: ${why}.`, { target: "$filter" });
}
