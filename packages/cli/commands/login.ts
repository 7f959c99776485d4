/** `larder login`, `larder logout` and `larder token`: signing in, and the tokens of who has. */
import { resolve } from "node:path";
import { LarderError } from "@larder/api/errors";
import { ManagementClient } from "@larder/api/management-client";
import { type Clock, systemClock } from "../clock.ts";
import type { CommonOptions } from "../command-context.ts";
import { CommandError } from "../failure.ts";
import { readGivenFile } from "../given-file.ts";
import { withProgress } from "../progress.ts";
import { openService } from "../service-connection.ts";
import { signInByCode } from "../sign-in/device-sign-in.ts";
import { normalUrl } from "../sign-in/login-connection.ts";
import {
  type Login,
  readLogin,
  removeLogin,
  requireLogin,
  type TokenPurpose,
  writeLogin,
} from "../sign-in/login-file.ts";
import { heldOf, tokenBySecret, tokenFor } from "../sign-in/login-tokens.ts";
import { claimsOf, type DeviceAnswer, OidcIssuer, type TokenAnswer } from "../sign-in/oidc-issuer.ts";
import { type Colors, printJson, systemTerminal, type Terminal } from "../terminal.ts";

const redisScope = "https://redis.azure.com/.default";
const personScopes = "openid profile offline_access";

export interface LoginOptions extends CommonOptions {
  ca?: string;
  issuer?: string;
  clientId?: string;
  secretFile?: string;
  scope?: string;
}

/** Where to sign in, and as what. */
interface Place {
  api: string;
  ca: string | null;
  issuer: string;
  /** The issuer is the service's own. */
  isOwn: boolean;
  clientId: string;
}

export async function login(options: LoginOptions): Promise<void> {
  const terminal = systemTerminal();
  const clock = systemClock;
  if (options.secretFile !== undefined && options.clientId === undefined)
    throw new CommandError("InvalidParameter", "A secret is an application's.", "name it with --client-id");
  const place = await findPlace(options);
  const scopes = scopesOf(options, place);
  const issuer = new OidcIssuer(place);
  const { clientId } = place;
  const answer =
    options.secretFile === undefined
      ? await askPerson({ issuer, place, scope: scopes.api, terminal, clock })
      : await tokenBySecret(issuer, { clientId, path: options.secretFile, scope: scopes.api });
  const made: Login = {
    ...place,
    ...whoIs(answer),
    scopes,
    renewal: renewalOf(options, answer),
    subscription: "",
    tokens: {},
  };
  const signedIn = {
    ...made,
    subscription: await findSubscription(made, answer),
    tokens: { api: heldOf(answer, clock) },
  };
  writeLogin(signedIn);
  const { name, objectId, api } = signedIn;
  if (options.json) printJson(terminal, { api, name, objectId });
  else terminal.out(formatSignedIn(signedIn, terminal.colors));
}

export async function logout({ json }: { json?: boolean }): Promise<void> {
  const terminal = systemTerminal();
  const before = readLogin();
  removeLogin();
  if (json) printJson(terminal, { name: before?.name ?? null });
  else
    terminal.out(
      before === undefined ? "Nobody had signed in here.\n" : `Signed out: ${before.name} at ${before.api}\n`,
    );
}

export async function token({ json, resource }: { json?: boolean; resource: TokenPurpose }): Promise<void> {
  const terminal = systemTerminal();
  const accessToken = await tokenFor(resource);
  const { objectId, tokens } = requireLogin();
  const expiresAt = new Date(tokens[resource]?.expiresMs ?? 0).toISOString();
  if (json) printJson(terminal, { accessToken, expiresAt, objectId });
  else terminal.out(`${accessToken}\n`);
}

/** Throws NotRunning where no service answers, and InvalidParameter where it does not say where to sign in, and nobody else does. */
async function findPlace(options: LoginOptions): Promise<Place> {
  const { api, ca } = findApi(options);
  const named = await namedIssuer(api, ca);
  const issuer = options.issuer ?? named.issuer;
  if (issuer === null)
    throw new CommandError("InvalidParameter", `${api} names no identity provider.`, "name one with --issuer");
  const isOwn = issuer === named.issuer && named.clientId !== null;
  const clientId = options.clientId ?? (isOwn ? named.clientId : null);
  if (clientId === null)
    throw new CommandError(
      "InvalidParameter",
      `${issuer} has to know this program.`,
      "name what it is there with --client-id",
    );
  return { api, ca: ca ?? null, issuer, isOwn, clientId };
}

function findApi(options: LoginOptions): { api: string; ca: string | undefined } {
  const ca = options.ca === undefined ? undefined : readGivenFile(options.ca);
  if (options.api !== undefined) return { api: normalUrl(options.api), ca };
  const service = openService(options.dataDir);
  return { api: service.file.api, ca: ca ?? service.ca };
}

interface NamedIssuer {
  issuer: string | null;
  /** null: it is not the service's own, and does not know `larder`. */
  clientId: string | null;
}

async function namedIssuer(api: string, ca: string | undefined): Promise<NamedIssuer> {
  const { calls } = clientOf({ api, ca: ca ?? null }, "");
  try {
    const { larder } = await calls.json<{ larder?: NamedIssuer }>(calls.call("/metadata/endpoints"));
    return larder ?? { issuer: null, clientId: null };
  } catch (error) {
    if (ca !== undefined || !(error instanceof LarderError) || error.code !== "NotRunning") throw error;
    const hint = "where this machine does not know the authority of its certificate, name that with --ca FILE";
    throw new CommandError("NotRunning", error.message, hint);
  }
}

function scopesOf({ scope, secretFile }: LoginOptions, { api, isOwn }: Place): Login["scopes"] {
  const person = secretFile === undefined ? ` ${personScopes}` : "";
  const forApi = scope ?? (isOwn ? `${api}/.default${person}` : personScopes);
  return { api: forApi, redis: `${redisScope}${person}` };
}

async function askPerson(asked: {
  issuer: OidcIssuer;
  place: Place;
  scope: string;
  terminal: Terminal;
  clock: Clock;
}): Promise<TokenAnswer> {
  const { issuer, place, scope, terminal, clock } = asked;
  const onCode = (answer: DeviceAnswer) => terminal.err(formatCode(answer, terminal.errColors));
  const text = "Waiting until somebody has signed in";
  return withProgress({ terminal, clock, text }, () =>
    signInByCode({ issuer, clientId: place.clientId, scope, clock, onCode }),
  );
}

function formatCode({ verification_uri: url, user_code: code }: DeviceAnswer, colors: Colors): string {
  return `Open ${colors.bold(url)} in a browser and enter the code ${colors.bold(code)}\n`;
}

/** What the token says is shown, and decides nothing. */
function whoIs({ id_token: identity, access_token: access }: TokenAnswer): Pick<Login, "name" | "objectId"> {
  const claims = { ...claimsOf(access), ...claimsOf(identity) };
  const text = (...names: string[]) => names.map((name) => claims[name]).find((value) => typeof value === "string");
  return {
    name: (text("name", "preferred_username", "appid", "sub") as string) ?? "",
    objectId: (text("oid", "sub") as string) ?? "",
  };
}

function renewalOf({ secretFile }: LoginOptions, { refresh_token: refreshToken }: TokenAnswer): Login["renewal"] {
  if (secretFile !== undefined) return { by: "secret file", path: resolve(secretFile) };
  return refreshToken === undefined ? { by: "nothing" } : { by: "refresh token", refreshToken };
}

/** The token is tried with this, too: what refuses it says why. */
async function findSubscription(
  place: Pick<Login, "api" | "ca">,
  { access_token: accessToken }: TokenAnswer,
): Promise<string> {
  const [subscription] = await clientOf(place, accessToken).listSubscriptions();
  return subscription?.subscriptionId ?? "";
}

function clientOf({ api, ca }: Pick<Login, "api" | "ca">, accessToken: string): ManagementClient {
  return new ManagementClient({ api, token: accessToken, subscription: "", ...(ca === null ? {} : { ca }) });
}

function formatSignedIn({ name, api, objectId, subscription }: Login, colors: Colors): string {
  const done = `${colors.green("Signed in")} as ${name} at ${api}\n`;
  if (subscription !== "") return done;
  const how = `An owner gives one with larder role assign, to the object id ${objectId}; then sign in again.`;
  return `${done}${colors.yellow("There is no role yet.")} ${how}\n`;
}
