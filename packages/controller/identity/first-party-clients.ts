/**
 * Programs with which people sign in, and which have no secret: `larder` itself, and Azure's own tools under the ids that they
 * send. They may do nothing by themselves.
 */
import { larderCliClientId } from "@larder/api";

export interface ClientMetadata {
  client_id: string;
  client_name: string;
  application_type: "native" | "web";
  grant_types: string[];
  response_types: string[];
  redirect_uris: string[];
  token_endpoint_auth_method: "none" | "client_secret_post";
  client_secret?: string;
}

export const deviceCodeGrant = "urn:ietf:params:oauth:grant-type:device_code";

/** On this machine alone, at any port (RFC 8252). */
const loopbackRedirects = ["http://localhost", "http://localhost/", "http://127.0.0.1", "http://127.0.0.1/"];

const names: Record<string, string> = {
  [larderCliClientId]: "larder",
  "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "Azure CLI",
  "1950a258-227b-4e31-a9cf-717495945fc2": "Azure PowerShell",
};

export function firstPartyClient(clientId: string): ClientMetadata | undefined {
  const name = Object.hasOwn(names, clientId) ? names[clientId] : undefined;
  if (name === undefined) return undefined;
  return {
    client_id: clientId,
    client_name: name,
    application_type: "native",
    grant_types: [deviceCodeGrant, "authorization_code", "refresh_token"],
    response_types: ["code"],
    redirect_uris: loopbackRedirects,
    token_endpoint_auth_method: "none",
  };
}
