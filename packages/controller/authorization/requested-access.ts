/**
 * What a call asks leave for: an action and a scope, both read from its method and path alone, as Azure Resource Manager names them.
 * It is not a list of routes: a path that no route has gets its action all the same, and is refused like any other.
 *
 *   GET    …/redis/shop/firewallRules/office   microsoft.cache/redis/firewallrules/read
 *   PUT    …/redis/shop                        microsoft.cache/redis/write, and PATCH likewise
 *   POST   …/redis/shop/updates/start          microsoft.cache/redis/updates/start/action
 *   GET    …/resourceGroups/web                microsoft.resources/subscriptions/resourcegroups/read
 *   PUT    …/redis/shop/providers/Microsoft.Authorization/roleAssignments/…
 *                                              microsoft.authorization/roleassignments/write, on the cache
 *   POST   /larder/hosts/tokens                larder.service/hosts/tokens/action, in the subscription
 *   POST   /v1.0/directoryObjects/getByIds     larder.service/principals/read, as all of the directory: nothing is written there
 *
 * A path is taken apart from its beginning, kind and name in turn, so that a cache which is called `providers` is a cache.
 */
export interface RequestedAccess {
  /** In lower case. */
  action: string;
  /** Of the resource; of a collection, of what it is in. In lower case. */
  scope: string;
  /** The same in the caller's casing. */
  shownScope: string;
  /** All of one type in a subscription or a group, each with an id: what the caller may not read can be left out. */
  isListing: boolean;
}

export const rootScope = "/";

/** Larder's own paths are of the one subscription. */
const ownNamespace = "larder.service";
const directoryPath = /^\/v1\.0\//i;
/** What they have belongs to another resource: that is the scope. */
const extensions = new Set(["microsoft.authorization", "microsoft.insights", "microsoft.resources"]);
/** Of subscriptions/{id}/resourceGroups/{name}. */
const groupSegments = 4;

const verbs: Record<string, string> = {
  GET: "read",
  HEAD: "read",
  PUT: "write",
  PATCH: "write",
  DELETE: "delete",
  POST: "action",
};

/** `path` as it came, `subscription` the service's own. undefined: nothing can be there. */
export function requestedAccess(method: string, path: string, subscription: string): RequestedAccess | undefined {
  if (directoryPath.test(path)) return requestedAccess("GET", "/larder/principals", subscription);
  const segments = ownPath(path.replace(/\/+$/, "").split("/").slice(1).map(plainSegment), subscription);
  const verb = verbs[method];
  if (verb === undefined || segments.length === 0 || segments.includes("")) return undefined;
  if (method !== "POST") return accessOf(segments, parsePath(segments, false), verb);
  const target = segments.slice(0, -1);
  const parsed = parsePath(target, true);
  return accessOf(target, { ...parsed, isCollection: false }, `${segments.at(-1)?.toLowerCase()}/${verb}`);
}

interface ParsedPath {
  type: string;
  /** How many segments the scope has. */
  scopeLength: number;
  isCollection: boolean;
}

function accessOf(segments: readonly string[], parsed: ParsedPath, verb: string): RequestedAccess {
  const { type, scopeLength, isCollection } = parsed;
  const shownScope = `/${segments.slice(0, scopeLength).join("/")}`;
  const isListing =
    isCollection && verb === "read" && scopeLength <= groupSegments && !type.startsWith(`${ownNamespace}/`);
  return { action: `${type}/${verb}`, scope: shownScope.toLowerCase(), shownScope, isListing };
}

/** `isTarget`: of an action. A namespace at the end is then what it is done to, and a name in the subscription else. */
function parsePath(segments: readonly string[], isTarget: boolean): ParsedPath {
  let parsed: ParsedPath = { type: "microsoft.resources", scopeLength: 0, isCollection: false };
  let owner: ParsedPath | undefined;
  for (let index = 0; index < segments.length; index += 2) {
    const [kind, name] = [segments[index]?.toLowerCase(), segments[index + 1]?.toLowerCase()];
    if (kind === "providers" && name !== undefined && (isTarget || index + 2 < segments.length)) {
      owner = extensions.has(name) ? parsed : undefined;
      parsed = { type: name, scopeLength: parsed.scopeLength, isCollection: false };
      continue;
    }
    const scopeLength = owner?.scopeLength ?? (name === undefined ? parsed.scopeLength : index + 2);
    parsed = { type: `${parsed.type}/${kind}`, scopeLength, isCollection: name === undefined };
  }
  return parsed;
}

/** Two spellings of a name are one scope. What would become several segments stays as it came, which no resource is called. */
function plainSegment(segment: string): string {
  try {
    const plain = decodeURIComponent(segment);
    return plain.includes("/") ? segment : plain;
  } catch {
    return segment;
  }
}

function ownPath(segments: string[], subscription: string): string[] {
  const [first, ...rest] = segments;
  const own = first?.toLowerCase();
  if (own !== "larder" && own !== "metrics") return segments;
  return ["subscriptions", subscription, "providers", "Larder.Service", ...(own === "larder" ? rest : segments)];
}
