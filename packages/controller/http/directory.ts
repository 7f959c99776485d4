/**
 * The few questions about principals that Azure CLI puts to Microsoft Graph before it assigns a role or lists who has one, answered for the
 * embedded identity provider: who has an id, and who is called so. Nothing is written here, and of the rest of Graph there is nothing.
 */
import { LarderError, parseDirectoryIds } from "@larder/api";
import type { Hono } from "hono";
import type { PrincipalDocument } from "../documents/principal-document.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { badFilter } from "./filter-query.ts";
import { readJsonBody } from "./json-body.ts";
import { principalsOf } from "./principals.ts";
import { pathValue } from "./request-path.ts";

type DirectoryObject = ReturnType<typeof objectOf>;

const collections = [
  ["users", "user"],
  ["serviceprincipals", "application"],
] as const;

export function directoryRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  for (const [collection, kind] of collections) {
    const all = () => {
      const principals = principalsOf(api).all();
      return principals.filter((principal) => principal.kind === kind).map(objectOf);
    };
    app.get(`/v1.0/${collection}`, (context) => {
      const isWanted = parseFilter(context.req.query("$filter"));
      return context.json({ value: all().filter(isWanted) });
    });
    app.get(`/v1.0/${collection}/:principal`, (context) => {
      const asked = pathValue(context, "principal");
      const found = all().find(({ id, userPrincipalName }) => [id, userPrincipalName].some(isText(asked)));
      if (found !== undefined) return context.json(found);
      throw new LarderError("ResourceNotFound", `There is no principal '${asked}'.`);
    });
  }
  app.post("/v1.0/directoryobjects/getbyids", async (context) => {
    const ids = parseDirectoryIds(await readJsonBody(context));
    const found = [...new Set(ids)].flatMap((id) => principalsOf(api).find(id) ?? []);
    return context.json({ value: found.map(objectOf) });
  });
}

function objectOf(principal: PrincipalDocument) {
  const { objectId: id, name, displayName } = principal;
  const isUser = principal.kind === "user";
  return {
    "@odata.type": isUser ? "#microsoft.graph.user" : "#microsoft.graph.servicePrincipal",
    id,
    displayName,
    userPrincipalName: isUser ? name : undefined,
    appId: isUser ? undefined : principal.applicationId,
    servicePrincipalNames: isUser ? undefined : [principal.applicationId, name],
  };
}

const text = "'((?:[^']|'')*)'";
const comparison = new RegExp(`^(id|appId|displayName|userPrincipalName)\\s+eq\\s+${text}$`, "i");
const anyName = new RegExp(`^servicePrincipalNames/any\\(\\s*(\\w+)\\s*:\\s*\\1\\s+eq\\s+${text}\\s*\\)$`, "i");
const prefix = new RegExp(`^startswith\\(\\s*displayName\\s*,\\s*${text}\\s*\\)$`, "i");
/** Longer filters are nobody's. */
const filterCharactersMax = 1_024;

/** One comparison, as the command line writes it. Texts compare without case. Throws InvalidFilterInQueryString. */
function parseFilter(filter: string | undefined): (object: DirectoryObject) => boolean {
  if (filter === undefined || filter.trim() === "") return () => true;
  const asked = filter.length > filterCharactersMax ? "" : filter.trim();
  const compared = comparison.exec(asked);
  if (compared !== null) {
    const [, field = "", value] = compared;
    return (object) => Object.entries(object).some(([name, has]) => isText(field)(name) && isText(plain(value))(has));
  }
  const named = anyName.exec(asked);
  if (named !== null) return ({ servicePrincipalNames }) => (servicePrincipalNames ?? []).some(isText(plain(named[2])));
  const begun = prefix.exec(asked);
  if (begun === null) throw badFilter(`'${filter.slice(0, 80)}' is not a comparison that is known here`);
  return ({ displayName }) => displayName.toLowerCase().startsWith(plain(begun[1]).toLowerCase());
}

function isText(wanted: string) {
  return (value: unknown) => typeof value === "string" && value.toLowerCase() === wanted.toLowerCase();
}

function plain(quoted: string | undefined): string {
  return (quoted ?? "").replaceAll("''", "'");
}
