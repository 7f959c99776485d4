/** Principals of the embedded identity provider. Larder's own paths, not Azure's (principal-protocol.ts). */
import {
  LarderError,
  type PrincipalCreated,
  type PrincipalResource,
  parsePassword,
  parsePrincipalCreate,
  parseSecretCreate,
} from "@larder/api";
import type { Hono } from "hono";
import type { PrincipalDocument } from "../documents/principal-document.ts";
import { type Principals, secretBody } from "../identity/principals.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { readJsonBody } from "./json-body.ts";
import { pathValue } from "./request-path.ts";

export function principalRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get("/larder/principals", (context) => context.json({ value: principalsOf(api).all().map(resourceOf) }));

  app.post("/larder/principals", async (context) => {
    const wanted = parsePrincipalCreate(await readJsonBody(context));
    const { document, issued } = await principalsOf(api).create(wanted);
    const body: PrincipalCreated = { ...resourceOf(document), issued };
    return context.json(body, 201);
  });

  app.delete("/larder/principals/:principal", async (context) => {
    await principalsOf(api).remove(pathValue(context, "principal"));
    return context.body(null, 204);
  });

  app.post("/larder/principals/:principal/secrets", async (context) => {
    const wanted = parseSecretCreate(await readJsonBody(context));
    return context.json(await principalsOf(api).addSecret(pathValue(context, "principal"), wanted), 201);
  });

  app.delete("/larder/principals/:principal/secrets/:secret", async (context) => {
    await principalsOf(api).removeSecret(pathValue(context, "principal"), pathValue(context, "secret"));
    return context.body(null, 204);
  });

  app.put("/larder/principals/:principal/password", async (context) => {
    const { password } = parsePassword(await readJsonBody(context));
    await principalsOf(api).setPassword(pathValue(context, "principal"), password);
    return context.body(null, 204);
  });
}

/** Throws ServiceUnavailable where the service has no identity provider of its own. */
export function principalsOf({ identity }: ApiContext): Principals {
  if (identity !== null) return identity.principals;
  const text = "The service has no identity provider of its own: start it with --identity embedded.";
  throw new LarderError("ServiceUnavailable", text);
}

function resourceOf(document: PrincipalDocument): PrincipalResource {
  const { objectId, kind, name, displayName, createdMs } = document;
  const isApplication = document.kind === "application";
  return {
    objectId,
    kind,
    name,
    displayName,
    applicationId: isApplication ? document.applicationId : null,
    createdAt: new Date(createdMs).toISOString(),
    secrets: isApplication ? document.secrets.map(secretBody) : [],
  };
}
