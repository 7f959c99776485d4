/**
 * `$filter` of lists of resources: comparisons joined by `and`, as the command line and Terraform write them.
 *
 *   resourceType eq 'Microsoft.Cache/Redis' and location eq 'local'
 *   tagName eq 'team' and tagValue eq 'a'        startswith(name, 'shop')        substringof('shop', name)
 *
 * Texts compare without case. A quote inside one is written twice.
 */
import { LarderError } from "@larder/api";

export interface Filtered {
  name: string;
  /** Has none where all that is listed is of one type. */
  type?: string;
  location: string;
  resourceGroup?: string;
  tags: Record<string, string>;
}

type Condition = (resource: Filtered) => boolean;

/** Longer filters are nobody's. */
const filterCharactersMax = 2_048;

const text = "'((?:[^']|'')*)'";
const fields = "name|resourceType|location|resourceGroup|tagName|tagValue";
const comparison = new RegExp(`^(${fields})\\s+(eq|ne)\\s+${text}$`, "i");
const prefix = new RegExp(`^startswith\\(\\s*(${fields})\\s*,\\s*${text}\\s*\\)$`, "i");
const part = new RegExp(`^substringof\\(\\s*${text}\\s*,\\s*(${fields})\\s*\\)$`, "i");

/** Throws InvalidFilterInQueryString. */
export function parseFilter(filter: string | undefined): Condition {
  if (filter === undefined || filter.trim() === "") return () => true;
  if (filter.length > filterCharactersMax) throw notUnderstood("it is too long");
  const conditions = clausesOf(filter).map(conditionOf);
  const tagged = tagCondition(filter);
  return (resource) => conditions.every((holds) => holds(resource)) && tagged(resource);
}

/** An `and` inside quotes joins nothing. */
function clausesOf(filter: string): string[] {
  const clauses: string[] = [];
  let from = 0;
  let isQuoted = false;
  for (let at = 0; at < filter.length; at++) {
    if (filter[at] === "'") isQuoted = !isQuoted;
    const isJoint = !isQuoted && /^\sand\s/i.test(filter.slice(at, at + 5));
    if (!isJoint) continue;
    clauses.push(filter.slice(from, at));
    from = at + 4;
  }
  return [...clauses, filter.slice(from)].map((clause) => clause.trim());
}

function conditionOf(clause: string): Condition {
  const compared = comparison.exec(clause);
  if (compared !== null) return comparing(compared[1] ?? "", compared[2] ?? "", unquoted(compared[3]));
  const begun = prefix.exec(clause);
  if (begun !== null) return (resource) => fieldOf(resource, begun[1]).startsWith(unquoted(begun[2]));
  const inside = part.exec(clause);
  if (inside !== null) return (resource) => fieldOf(resource, inside[2]).includes(unquoted(inside[1]));
  throw notUnderstood(`'${clause}' is not a comparison that this service knows`);
}

function comparing(field: string, operator: string, wanted: string): Condition {
  // Both say something of one tag, together: tagCondition.
  if (/^tag/i.test(field)) return () => true;
  const isEqual = operator.toLowerCase() === "eq";
  const text = field.toLowerCase() === "location" ? wanted.replaceAll(" ", "") : wanted;
  return (resource) => (fieldOf(resource, field) === text) === isEqual;
}

function tagCondition(filter: string): Condition {
  const [name, value] = ["tagName", "tagValue"].map((field) => {
    const found = clausesOf(filter)
      .map((clause) => comparison.exec(clause))
      .find((compared) => compared?.[1]?.toLowerCase() === field.toLowerCase());
    return found && unquoted(found[3]);
  });
  if (name == null && value == null) return () => true;
  return ({ tags }) =>
    Object.entries(tags).some(
      ([key, has]) => (name == null || key.toLowerCase() === name) && (value == null || has.toLowerCase() === value),
    );
}

function fieldOf(resource: Filtered, field: string | undefined): string {
  const values: Record<string, string | undefined> = {
    name: resource.name,
    resourcetype: resource.type,
    location: resource.location.replaceAll(" ", ""),
    resourcegroup: resource.resourceGroup,
  };
  return (values[(field ?? "").toLowerCase()] ?? "").toLowerCase();
}

function unquoted(quoted: string | undefined): string {
  return (quoted ?? "").replaceAll("''", "'").toLowerCase();
}

function notUnderstood(why: string): LarderError {
  return new LarderError("InvalidFilterInQueryString", `The filter cannot be used: ${why}.`, { target: "$filter" });
}
