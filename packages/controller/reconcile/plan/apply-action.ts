/** What an action makes of the documents. Pure: the caller commits all of it in one transaction, or none. */
import type { CacheDocument } from "../../documents/cache-document.ts";
import type { OperationDocument } from "../../documents/operation-document.ts";
import type { CacheAction } from "./plan-cache.ts";

export interface Applied {
  /** undefined: the document is deleted. */
  cache: CacheDocument | undefined;
  /** How the running operation ended, where the action ended it. */
  operationEnd: Pick<OperationDocument, "error"> | undefined;
}

/** `freePortAfter` is needed for movePort only. */
export function applyAction(
  cache: CacheDocument,
  action: CacheAction,
  freePortAfter?: (port: number) => number,
): Applied {
  switch (action.type) {
    case "appoint":
      return unended({ ...cache, leader: action.leader, generation: cache.generation + 1 });
    case "publishNode":
      return unended({ ...cache, route: { epoch: cache.route.epoch + 1, node: action.node } });
    case "movePort": {
      if (freePortAfter === undefined) throw new Error("movePort needs to know the free ports");
      const moved = { port: freePortAfter(action.from), served: false };
      return unended({ ...cache, ports: { ...cache.ports, [action.which]: moved } });
    }
    case "settle":
      return { cache: settled(cache), operationEnd: { error: null } };
    case "fail":
      return { cache: { ...cache, change: null, failure: action.problem }, operationEnd: { error: action.problem } };
    case "removeNode":
      return unended({ ...cache, removal: "node" });
    case "forget":
      return { cache: undefined, operationEnd: { error: null } };
  }
}

function unended(cache: CacheDocument): Applied {
  return { cache, operationEnd: undefined };
}

function settled(cache: CacheDocument): CacheDocument {
  const plainServed = cache.ports.plain.served || cache.settings.enableNonSslPort;
  return {
    ...cache,
    settledGeneration: cache.generation,
    change: null,
    failure: null,
    ports: { tls: { ...cache.ports.tls, served: true }, plain: { ...cache.ports.plain, served: plainServed } },
  };
}
