/**
 * Where things are said to be. A service has no regions: a location is a word of its owner's, and so every one that is in use is one
 * that there is, besides the one that groups have unless they name another.
 */
import type { ApiContext } from "./api-context.ts";
import { allResources } from "./resource-list.ts";

const usual = "local";

/** Sorted; spellings of the same place once, as compared without spaces and case. */
export async function locationsInUse(api: ApiContext): Promise<string[]> {
  const resources = (await allResources(api)).map(({ location }) => location);
  const groups = (await api.groups.all()).map(({ location }) => location);
  const byName = new Map([usual, ...groups, ...resources].map((location) => [locationName(location), location]));
  return [...byName.values()].sort((a, b) => a.localeCompare(b));
}

/** "West US" → "westus" */
export function locationName(location: string): string {
  return location.replaceAll(" ", "").toLowerCase();
}
