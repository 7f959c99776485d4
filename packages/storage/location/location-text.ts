/** Parts of locations, and what is said of those that cannot be. */
import { isFileName } from "../file-name.ts";
import { StorageError } from "../storage-error.ts";

export function invalidLocation(detail: string): StorageError {
  return new StorageError("InvalidLocation", { detail });
}

/** Empty, or with one slash at its end. */
export function parsePrefix(given: string): string {
  const prefix = given.replace(/^\/+|\/+$/g, "");
  if (prefix === "") return "";
  if (!isFileName(prefix)) throw invalidLocation("the prefix is not one that files may have");
  return `${prefix}/`;
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
