/** Refusals that several commands on caches have. */
import { LarderError } from "@larder/api";
import type { CacheDocument } from "../documents/cache-document.ts";
import type { Place } from "./caches.ts";

export function nameTaken(name: string): LarderError {
  return new LarderError("NameNotAvailable", `The name '${name}' is taken by another cache.`, { target: "name" });
}

/** `what` is a path of types and names. */
export function notFound({ resourceGroup }: Place, what: string): LarderError {
  const text = `The Resource 'Microsoft.Cache/${what}' under resource group '${resourceGroup}' was not found.`;
  return new LarderError("ResourceNotFound", text);
}

export function busy(cache: CacheDocument): LarderError {
  return new LarderError("Conflict", `'${cache.name}' is busy with a previous operation; try again when it has ended.`);
}

export function groupGoing(name: string): LarderError {
  return new LarderError("Conflict", `The resource group '${name}' is being deleted.`);
}

export function notReady(): LarderError {
  return new LarderError("ServiceUnavailable", "No host is connected yet; try again in a moment.");
}
