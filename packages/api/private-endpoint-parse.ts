/** Private endpoints and their connections: untrusted bodies of PUT. Lenient and strict as `redis-parse.ts` is. */
import { z } from "zod";
import { choice, parseBody } from "./body-values.ts";
import { LarderError } from "./errors.ts";
import type { ConnectionAnswer, PrivateEndpointRequest } from "./network-resource.ts";

const endpointNamePattern = /^[a-z0-9]([\w.-]{0,78}\w)?$/i;
const messageLengthMax = 140;
const tagCountMax = 50;
const subnetPattern =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.(Classic)?Network\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i;
const subnetText =
  "must be the id of a subnet: /subscriptions/…/resourceGroups/…/providers/Microsoft.Network/virtualNetworks/…/subnets/NETWORK";
const messageText = `must be a text of at most ${messageLengthMax} characters`;

const message = z.string(messageText).max(messageLengthMax, messageText);

const connection = z.object({
  name: z.string("is required").regex(endpointNamePattern, "must be a name of letters, digits, '.', '-' and '_'"),
  properties: z.object(
    {
      privateLinkServiceId: z.string("is required").max(1024, "is too long"),
      groupIds: z.array(z.string("must be a string"), "must be a list").max(1, "may have one entry").optional(),
      requestMessage: message.optional(),
    },
    "is required",
  ),
});

const endpointBody = z.object({
  location: z.string("is required").regex(/^[\w .-]{1,64}$/, "must be the name of a location"),
  tags: z
    .record(z.string().max(512), z.string("must be a string"), "must be an object of strings")
    .refine((given) => Object.keys(given).length <= tagCountMax, `may have at most ${tagCountMax} entries`)
    .optional(),
  properties: z.object(
    {
      subnet: z.object({ id: z.string("is required").regex(subnetPattern, subnetText) }, "is required"),
      privateLinkServiceConnections: z.array(connection, "must be a list").optional(),
      manualPrivateLinkServiceConnections: z.array(connection, "must be a list").optional(),
    },
    "is required",
  ),
});

const stateBody = z.object({
  properties: z.object(
    {
      privateLinkServiceConnectionState: z.object(
        { status: choice(["Approved", "Rejected"]), description: message.optional() },
        "is required",
      ),
    },
    "is required",
  ),
});

/** Throws InvalidRequestBody or InvalidParameter with its target. */
export function parsePrivateEndpoint(body: unknown): PrivateEndpointRequest {
  const { location, tags = {}, properties } = parseBody(endpointBody, body) as z.infer<typeof endpointBody>;
  const { privateLinkServiceConnections: automatic = [], manualPrivateLinkServiceConnections: manual = [] } =
    properties;
  const [asked, ...others] = [...automatic, ...manual];
  if (asked === undefined || others.length > 0)
    throw new LarderError(
      "InvalidParameter",
      "A private endpoint has one connection, in 'properties.privateLinkServiceConnections' or 'properties.manualPrivateLinkServiceConnections'.",
      { target: "properties.privateLinkServiceConnections" },
    );
  const { privateLinkServiceId: serviceId, groupIds, requestMessage = "" } = asked.properties;
  return {
    location,
    tags,
    subnetId: properties.subnet.id,
    connection: { name: asked.name, serviceId, groupId: groupIds?.[0], requestMessage, isManual: manual.length > 0 },
  };
}

/** Throws InvalidRequestBody or InvalidParameter with its target. */
export function parseConnectionAnswer(body: unknown): ConnectionAnswer {
  const { properties } = parseBody(stateBody, body) as z.infer<typeof stateBody>;
  const { status, description } = properties.privateLinkServiceConnectionState;
  return { status, description };
}

/** Why `name` cannot name a private endpoint, or undefined when it can. */
export function privateEndpointNameProblem(name: string): string | undefined {
  if (endpointNamePattern.test(name)) return undefined;
  return "must have 1 to 80 letters, digits, '.', '-' and '_', and start and end with a letter or digit";
}
