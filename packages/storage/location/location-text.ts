/** Parts of locations, and what is said of those that cannot be. */
import { isFileName } from "../file-name.ts";
import { StorageError } from "../storage-error.ts";

export function invalidLocation(detail: string): StorageError {
  return new StorageError("InvalidLocation", { detail });
}

/** In front of the names of files: empty, or with a slash at its end. */
export function prefixOf(words: readonly string[]): string {
  const folder = words.join("/");
  if (folder === "") return "";
  if (!isFileName(folder)) throw invalidLocation("the folder's name is not allowed");
  return `${folder}/`;
}

/** The last word. */
export function fileNameOf(words: readonly string[]): string {
  const name = words.at(-1) ?? "";
  if (!isFileName(name)) throw invalidLocation("it names no file, or one whose name is not allowed");
  return name;
}

/** Without a slash at its end. */
export function parseEndpoint(given: string): string {
  const url = parseHttpUrl(given);
  if (url.search !== "") throw invalidLocation("the endpoint must not have a query");
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

export function parseHttpUrl(given: string): URL {
  const url = URL.parse(given);
  if (url === null || !/^https?:$/.test(url.protocol)) throw invalidLocation("it is not an http or https URL");
  if (url.username !== "" || url.password !== "" || url.hash !== "")
    throw invalidLocation("a URL must have no user and no fragment");
  return url;
}
