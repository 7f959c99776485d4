/**
 * Where answers differ from the Swagger files on purpose, and why: each line is something that the live service does too, or
 * something of Larder's own that clients of Azure never ask for. There is no other list of exceptions.
 */

/** A property that may be something else than its definition says. */
export interface PropertyDeviation {
  /** `Definition.property`. */
  property: string;
  /** A JSON schema beside the documented one. */
  allows: object;
  because: string;
}

const absent = { type: "null" };
const ours = "Larder's own; Azure has nothing of the kind";

export const propertyDeviations: readonly PropertyDeviation[] = [
  {
    property: "RedisProperties.accessKeys",
    allows: absent,
    because: "the live service writes null where there are none",
  },
  ...["startTime", "endTime", "percentComplete", "error"].map((name) => ({
    property: `OperationStatusResult.${name}`,
    allows: absent,
    because: "the live service writes null for what is not known",
  })),
  { property: "OperationStatus.properties", allows: absent, because: "the live service writes null" },
];

/** A successful status that the definition of an operation does not name. */
export const statusDeviations: readonly { operation: string; status: number; because: string }[] = [];

/** What is answered and has no definition. `path` is what follows `/providers/Microsoft.Cache`, in lower case. */
export const beyondSwagger: readonly { method: string; path: RegExp; because: string }[] = [
  {
    method: "GET",
    path: /^\/locations\/[^/]+\/operationresults\/[^/]+$/,
    because: "the live service polls deletions, imports and exports there",
  },
  { method: "POST", path: /^\/register$/, because: "it is Microsoft.Resources that describes it" },
  { method: "GET", path: /^\/skus$/, because: ours },
  {
    method: "GET",
    path: /^\/redisenterprise\/[^/]+\/operationresults\/[^/]+$/,
    because: "the live service polls what takes its time there",
  },
  own("GET", "/events"),
  own("POST", "/(switchover|forcereboot)"),
  own("(GET|POST)", "/updates(/(start|pause|resume))?"),
  own("POST", "/(migrate|reverse|compare|restore)"),
  own("(GET|POST)", "/transfers(/.*)?"),
  own("(GET|PUT|POST|DELETE)", "/backup.*"),
  { method: "POST", path: /^\/redisbackups$/, because: ours },
];

function own(method: string, path: string) {
  return {
    method: `^${method}$`,
    path: new RegExp(`^/(redis/[^/]+|redisenterprise/[^/]+/databases/[^/]+)${path}$`),
    because: ours,
  };
}
