/**
 * A connection to a server that is not ours: TCP or TLS. What goes wrong is said in plain words, for whoever gave the address;
 * never with a password.
 */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { type Address, hostAndPortText, type RemoteTls } from "@larder/api";
import { TransferError } from "../transfer-error.ts";

/** It could not be reached, went away, or does not speak as it should. Another try may help. */
export function sourceLost(message: string, cause?: unknown): TransferError {
  return new TransferError("SourceLost", message, { isRetryable: true, cause });
}

/** It says no, or cannot do what is asked; nor will it at the next try. */
export function sourceRefused(message: string): TransferError {
  return new TransferError("SourceRefused", message);
}

export function isLost(error: unknown): boolean {
  return error instanceof TransferError && error.code === "SourceLost";
}

/** Name, connection and handshake together. */
const connectTimeoutMs = 10_000;

const plainWords: Record<string, string> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "the name is not known",
  EAI_AGAIN: "the name could not be looked up",
  EHOSTUNREACH: "no way leads there",
  ENETUNREACH: "no way leads there",
  ETIMEDOUT: "it does not answer",
  ECONNRESET: "it closed the connection",
  EPIPE: "it closed the connection",
};

export function showAddress(address: Address): string {
  return hostAndPortText(address);
}

/** Throws SourceLost. Before it resolves, nothing is kept of a connection that failed. */
export function openRemoteSocket(address: Address, tls: RemoteTls | null, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(sourceLost("stopped"));
    const socket = tls === null ? connectTcp(address.port, address.host) : connectTls(tlsOptions(address, tls));
    const settle = (failure?: string, isFinal = false) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.removeAllListeners();
      if (failure === undefined) return resolve(socket);
      socket.on("error", () => {});
      socket.destroy();
      const message = `${showAddress(address)} cannot be reached: ${failure}.`;
      reject(isFinal ? sourceRefused(message) : sourceLost(message));
    };
    const onAbort = () => settle("stopped");
    const timer = setTimeout(() => settle(`no answer within ${connectTimeoutMs / 1_000} s`), connectTimeoutMs);
    signal.addEventListener("abort", onAbort, { once: true });
    // A certificate that is not trusted will not be at the next try.
    const isFinal = (error: NodeJS.ErrnoException) => tls !== null && plainWords[error.code ?? ""] === undefined;
    socket.once("error", (error: NodeJS.ErrnoException) => settle(wordsOf(error, tls), isFinal(error)));
    socket.once("close", () =>
      settle(tls === null ? "it closed the connection" : "it closed the connection during the TLS handshake"),
    );
    socket.once(tls === null ? "connect" : "secureConnect", () => {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 30_000);
      settle();
    });
  });
}

function tlsOptions(address: Address, tls: RemoteTls): ConnectionOptions {
  const serverName = tls.serverName ?? address.host;
  return {
    host: address.host,
    port: address.port,
    rejectUnauthorized: tls.isVerified,
    // An address is no name that could be asked for.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.client === null ? {} : { cert: tls.client.certificate, key: tls.client.key }),
  };
}

function wordsOf(error: NodeJS.ErrnoException, tls: RemoteTls | null): string {
  const plain = plainWords[error.code ?? ""];
  if (plain !== undefined) return plain;
  return tls === null ? error.message : `TLS failed: ${error.message}`;
}
