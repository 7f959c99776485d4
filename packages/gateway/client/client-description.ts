/**
 * A client as CLIENT LIST and CLIENT INFO show it: the fields of Valkey 8.0, in its order. What is only an engine's to
 * know, memory within it above all, is 0; `watch` is 1 for any number of keys; and the last command is known of the
 * client that asks only.
 */
import { addressText } from "../front/address-text.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { ClientKind, FilteredClient } from "./client-filter.ts";

/** Without the end of the line. `command` is what the client runs right now. */
export function describeClient(client: ClientConnection, command = "NULL"): string {
  const { age, idle } = secondsOf(client);
  const { subscriptions, inputBytes, outputBytes } = client;
  return [
    `id=${client.id}`,
    `addr=${client.remoteAddress}`,
    `laddr=${localAddressOf(client)}`,
    `fd=${fileOf(client)}`,
    `name=${client.name}`,
    `age=${age}`,
    `idle=${idle}`,
    `flags=${flagsOf(client)}`,
    `db=${client.database}`,
    `sub=${subscriptions.count("subscribe")}`,
    `psub=${subscriptions.count("psubscribe")}`,
    `ssub=${subscriptions.count("ssubscribe")}`,
    `multi=${queuedCommands(client)}`,
    `watch=${client.isWatching ? 1 : 0}`,
    `qbuf=${inputBytes}`,
    "qbuf-free=0",
    "argv-mem=0",
    `multi-mem=${client.queued?.bytes ?? 0}`,
    "rbs=0",
    "rbp=0",
    "obl=0",
    `oll=${client.outputParts}`,
    `omem=${outputBytes}`,
    `tot-mem=${inputBytes + outputBytes + (client.queued?.bytes ?? 0)}`,
    `events=${outputBytes > 0 ? "rw" : "r"}`,
    `cmd=${command}`,
    `user=${userOf(client)}`,
    `redir=${client.isTracking ? 0 : -1}`,
    `resp=${client.protocol}`,
    `lib-name=${client.libraryName}`,
    `lib-ver=${client.libraryVersion}`,
    `tot-net-in=${client.bytesIn}`,
    `tot-net-out=${client.bytesOut}`,
    `tot-cmds=${client.commandsReplied}`,
  ].join(" ");
}

export function filteredOf(client: ClientConnection): FilteredClient {
  return {
    id: client.id,
    address: client.remoteAddress,
    localAddress: localAddressOf(client),
    kind: kindOf(client),
    user: userOf(client),
    ageSeconds: secondsOf(client).age,
  };
}

function kindOf(client: ClientConnection): ClientKind {
  return client.subscriptions.isEmpty ? "normal" : "pubsub";
}

function flagsOf(client: ClientConnection): string {
  const flags = [
    client.dedicated?.isRaw ? "O" : "",
    client.subscriptions.isEmpty ? "" : "P",
    client.isInTransaction || client.queued !== null ? "x" : "",
    client.blocking !== null && client.inFlight > 0 ? "b" : "",
    client.isTracking ? "t" : "",
    client.isNoTouch ? "T" : "",
  ].join("");
  return flags === "" ? "N" : flags;
}

/** -1 outside a transaction. One on a dedicated connection is counted by the engine alone. */
function queuedCommands(client: ClientConnection): number {
  if (client.queued !== null) return client.queued.requests.length;
  return client.isInTransaction ? 0 : -1;
}

/** Valkey counts whoever has not logged in as the default user. */
function userOf(client: ClientConnection): string {
  return client.user?.name ?? "default";
}

function secondsOf(client: ClientConnection): { age: number; idle: number } {
  const nowMs = client.nowMs();
  const whole = (ms: number) => Math.max(0, Math.floor(ms / 1000));
  return { age: whole(nowMs - client.connectedMs), idle: whole(nowMs - client.lastActiveMs) };
}

/** Bun's types do not have it. */
function fileOf({ socket }: ClientConnection): number {
  return (socket as { fd?: number }).fd ?? 0;
}

function localAddressOf({ socket }: ClientConnection): string {
  return addressText(socket.localAddress, socket.localPort);
}
