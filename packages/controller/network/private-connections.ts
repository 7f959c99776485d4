/** The connections of private endpoints to a cache: what a change makes of its document. Pure. */
import { type ConnectionAnswer, isSameName, LarderError } from "@larder/api";
import type { StoredPrivateConnection } from "../documents/cache-access.ts";
import type { CacheDocument } from "../documents/cache-document.ts";

/** Of one cache; as many as a Managed Redis of Azure's has. */
export const privateConnectionsMax = 84;

export function connectionOf(cache: CacheDocument, name: string): StoredPrivateConnection | undefined {
  return cache.access.privateConnections.find((connection) => isSameName(connection.name, name));
}

/** Throws ResourceNotFound. */
export function requireConnection(cache: CacheDocument, name: string): StoredPrivateConnection {
  const found = connectionOf(cache, name);
  if (found !== undefined) return found;
  throw new LarderError("ResourceNotFound", `'${cache.name}' has no private endpoint connection '${name}'.`);
}

/** Throws InvalidParameter. */
export function withConnection(cache: CacheDocument, connection: StoredPrivateConnection): CacheDocument {
  const { privateConnections } = cache.access;
  if (privateConnections.length >= privateConnectionsMax)
    throw new LarderError(
      "InvalidParameter",
      `'${cache.name}' has ${privateConnectionsMax} private endpoint connections, the most there may be.`,
    );
  return withConnections(cache, [...privateConnections, connection]);
}

/** Throws ResourceNotFound. */
export function withAnswer(cache: CacheDocument, name: string, answer: ConnectionAnswer): CacheDocument {
  const asked = requireConnection(cache, name);
  const { status, description = asked.description } = answer;
  return withConnections(
    cache,
    cache.access.privateConnections.map((each) => (each === asked ? { ...asked, status, description } : each)),
  );
}

export function withoutConnection(cache: CacheDocument, name: string): CacheDocument {
  return withConnections(
    cache,
    cache.access.privateConnections.filter((connection) => !isSameName(connection.name, name)),
  );
}

function withConnections(cache: CacheDocument, privateConnections: StoredPrivateConnection[]): CacheDocument {
  return { ...cache, access: { ...cache.access, privateConnections } };
}
