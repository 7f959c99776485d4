/** Scopes: the paths of a subscription, a group or a resource. What is granted on one counts for all that is in it. */

/** The scope itself, then what it is in, up to the subscription. */
export function* ancestorsOf(scope: string): Generator<string> {
  for (let end = scope.length; end > 0; end = scope.lastIndexOf("/", end - 1)) yield scope.slice(0, end);
}

/** Both in lower case. Nothing is outside the root. */
export function isWithin(scope: string, outer: string): boolean {
  return outer === "/" || scope === outer || scope.startsWith(`${outer}/`);
}

interface Named {
  type: string;
  name: string;
}

export interface ParsedScope {
  subscription: string;
  /** Names in the caller's casing; null: the scope is the subscription. */
  group: string | null;
  /** The first resource, and what of it is meant; types in lower case. */
  resource: (Named & { children: Named[] }) | null;
}

const scopePattern =
  /^\/subscriptions\/([^/]+)(?:\/resourcegroups\/([^/]+)(?:\/providers\/([^/]+\/[^/]+)\/([^/]+)((?:\/[^/]+\/[^/]+)*))?)?$/i;

/** undefined where nothing can be assigned: the root, a part of a path, a type without a name. */
export function parseScope(scope: string): ParsedScope | undefined {
  const [, subscription, group, type, name, below = ""] = scopePattern.exec(scope) ?? [];
  if (subscription === undefined) return undefined;
  return {
    subscription,
    group: group ?? null,
    resource:
      type === undefined || name === undefined ? null : { type: type.toLowerCase(), name, children: childrenOf(below) },
  };
}

/** "/databases/default/…" */
function childrenOf(below: string): Named[] {
  return [...below.matchAll(/\/([^/]+)\/([^/]+)/g)].map(([, type = "", name = ""]) => ({
    type: type.toLowerCase(),
    name,
  }));
}
