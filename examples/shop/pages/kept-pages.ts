/** Pages that are the same for everybody and kept whole: signed-in visitors get them, too, as nothing of theirs is in them. */
import type { RouteOptions } from "@larder/client/output-cache";

export const keptPages: RouteOptions[] = [
  {
    path: "/",
    ttl: "30s",
    staleWhileRevalidate: "5m",
    staleIfError: "1h",
    vary: { query: "none" },
    tags: ["products"],
    signedIn: "anonymous",
  },
  {
    path: "/category/:category",
    ttl: "30s",
    staleWhileRevalidate: "5m",
    staleIfError: "1h",
    vary: { query: ["sort", "brand", "size", "max", "page"] },
    tags: ({ parameters }) => [`category:${parameters["category"]}`],
    signedIn: "anonymous",
  },
];
