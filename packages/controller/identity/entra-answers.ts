/** What Entra's clients expect in answers beyond the protocols. Pure. */

export function instanceDiscovery({ host, tenant }: { host: string; tenant: string }): Record<string, unknown> {
  return {
    tenant_discovery_endpoint: `https://${host}/${tenant}/v2.0/.well-known/openid-configuration`,
    "api-version": "1.1",
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
}

export function unknownTenant(tenant: string): Record<string, unknown> {
  return {
    error: "invalid_tenant",
    error_description: `There is no tenant ${JSON.stringify(tenant.slice(0, 100))} here.`,
  };
}

/** `objectId`: of the person for whom the tokens are; undefined: of an application. */
export function tokenAnswer(
  body: Record<string, unknown>,
  { objectId, tenant }: { objectId: string | undefined; tenant: string },
): Record<string, unknown> {
  const client = objectId === undefined ? {} : { client_info: encode({ uid: objectId, utid: tenant }) };
  return { ...body, ext_expires_in: body["expires_in"], ...client };
}

export function deviceAnswer(body: Record<string, unknown>, pollSeconds: number): Record<string, unknown> {
  const { verification_uri, user_code } = body as { verification_uri: string; user_code: string };
  const message = `To sign in, open ${verification_uri} in a browser and enter the code ${user_code}.`;
  return { ...body, interval: pollSeconds, message };
}

/** Which of both it was is not told: who guesses ids learns nothing. */
export function clientRefused(body: Record<string, unknown>): Record<string, unknown> {
  return {
    ...body,
    error_description: "The application is not known here, or its secret is wrong or has expired.",
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
