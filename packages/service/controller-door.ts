/**
 * Where a daemon reaches the controller: its Unix socket on the same machine, or its door for agents of other machines, by
 * mutual TLS. That door is known by its authority and its one name, whatever the address.
 */
import { agentDoorName, type ErrorBody, type ErrorCode, errorTable, LarderError } from "@larder/api";

export type ControllerDoor = { socketPath: string } | RemoteDoor;

export interface RemoteDoor {
  /** "https://10.0.0.1:8444". */
  url: string;
  /** Read with each request, as certificates are renewed. */
  tls(): DoorTls;
}

/** PEM texts. Without `own` the caller is a stranger. */
export interface DoorTls {
  authority: string;
  own: { certificate: string; key: string } | null;
}

/** Throws LarderError where the controller refuses, and the runtime's error where there is no connection. */
export async function requestController(
  door: ControllerDoor,
  path: string,
  request: { method?: string; body?: unknown; signal: AbortSignal },
): Promise<Response> {
  const { method, body, signal } = request;
  const init = {
    signal,
    redirect: "error" as const,
    ...(method === undefined ? {} : { method }),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  };
  const response = await ("socketPath" in door
    ? fetch(`http://controller${path}`, { ...init, unix: door.socketPath })
    : fetch(`${door.url}${path}`, { ...init, tls: tlsOptions(door.tls()) }));
  if (response.ok) return response;
  throw await refusalOf(response);
}

function tlsOptions({ authority, own }: DoorTls) {
  const trust = { ca: authority, serverName: agentDoorName };
  return own === null ? trust : { ...trust, cert: own.certificate, key: own.key };
}

async function refusalOf(response: Response): Promise<LarderError> {
  const fallback = `The controller answered ${response.status}.`;
  const body = (await response.json().catch(() => undefined)) as Partial<ErrorBody> | undefined;
  const { code = "", message = fallback } = body?.error ?? {};
  return new LarderError(code in errorTable ? (code as ErrorCode) : "InternalError", message);
}
