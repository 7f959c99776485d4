/** The service as somebody reaches it who has signed in: by its API alone, from any machine. */
import { dirname, join } from "node:path";
import { rootCertificates } from "node:tls";
import { ManagementClient } from "@larder/api/management-client";
import { CommandError } from "../failure.ts";
import { writeOwnerFile } from "../owner-file.ts";
import type { ServiceConnection } from "../service-connection.ts";
import { loginPath, readLogin } from "./login-file.ts";
import { tokenFor } from "./login-tokens.ts";

/** undefined: nobody has signed in, or, where an API is named, not there. Throws AuthorizationFailed for who has no role. */
export function openLogin(api: string | undefined): ServiceConnection | undefined {
  const login = readLogin();
  if (login === undefined || (api !== undefined && normalUrl(api) !== login.api)) return undefined;
  if (login.subscription === "")
    throw new CommandError(
      "AuthorizationFailed",
      `${login.name} had no role when signing in at ${login.api} (object id ${login.objectId}).`,
      "once there is one, sign in again with `larder login`",
    );
  const directory = dirname(loginPath());
  const options = { api: login.api, subscription: login.subscription, token: () => tokenFor("api") };
  return {
    dataDirectory: directory,
    isLocal: false,
    file: {
      api: login.api,
      subscription: login.subscription,
      resourceGroup: "default",
      pids: { controller: [], agent: [], gateway: [] },
    },
    ca: login.ca ?? rootCertificates.join("\n"),
    caPath: login.ca === null ? null : caFile(directory, login.ca),
    client: new ManagementClient(login.ca === null ? options : { ...options, ca: login.ca }),
  };
}

/** Throws InvalidAuthenticationToken where nobody has signed in at this API. */
export function requireLoginAt(api: string): ServiceConnection {
  const service = openLogin(api);
  if (service !== undefined) return service;
  const text = `Nobody has signed in at ${normalUrl(api)} here.`;
  throw new CommandError("InvalidAuthenticationToken", text, `sign in with \`larder login --api ${normalUrl(api)}\``);
}

export function normalUrl(api: string): string {
  return api.replace(/\/+$/, "");
}

function caFile(directory: string, ca: string): string {
  const path = join(directory, "ca.pem");
  writeOwnerFile(path, ca);
  return path;
}
