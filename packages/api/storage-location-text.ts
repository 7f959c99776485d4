/** A storage location as it may be shown: without keys, and without the query, which is where a URL carries its signature. */
import type { StorageLocation } from "./storage-location.ts";

export function describeLocation({ url }: Pick<StorageLocation, "url">): string {
  const plain = url.replace(/[?#].*$/s, "");
  return plain.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1");
}

/** A file of a location that names a folder, container or prefix. `name` has no signs that a URL would not take. */
export function fileIn(location: StorageLocation, name: string): StorageLocation {
  const [plain = "", query = ""] = location.url.split(/(?=\?)/s, 2);
  return { ...location, url: `${plain.replace(/\/+$/, "")}/${name}${query}` };
}
