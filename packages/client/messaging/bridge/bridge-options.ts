/** What bridges to browsers are told. */
import type { Clock } from "../../clock.ts";
import { systemClock } from "../../clock.ts";
import { type Duration, durationMs } from "../../duration.ts";
import type { Randomness } from "../../randomness.ts";
import { systemRandomness } from "../../randomness.ts";
import type { Cursor, CursorHooks, From } from "../channel/feed.ts";
import { bridgeLimits } from "./limits.ts";

/** What a bridge knows of the one who connects. */
export interface BridgeRequest {
  url: URL;
  headers: Headers;
  /** The framework's own request. */
  raw: unknown;
}

export type Awaitable<T> = T | Promise<T>;

export interface BridgeOptions {
  /** Who may listen. false: 403, or close code 1008. What it throws is a 500, or 1011. Everybody unless given. */
  authorize?: (request: BridgeRequest) => Awaitable<boolean>;
  clientsMax?: number;
  /** In bytes. */
  clientBytesMax?: number;
  heartbeat?: Duration;
  /** A client that takes nothing for so long is closed. */
  stall?: Duration;
  clock?: Clock;
  randomness?: Randomness;
}

/** A channel or a room. */
export interface Bridgeable {
  openCursor(from: From, hooks: CursorHooks): Cursor;
}

/** One channel for all, or one by the request; null: there is none, 404 or close code 1008. */
export type ChannelChoice = Bridgeable | ((request: BridgeRequest) => Awaitable<Bridgeable | null>);

export interface BridgeSettings {
  clientsMax: number;
  clientBytesMax: number;
  heartbeatMs: number;
  stallMs: number;
  clock: Clock;
  randomness: Randomness;
}

export function bridgeSettings(options: BridgeOptions): BridgeSettings {
  const { clientsMax = bridgeLimits.clientsMax, clientBytesMax = bridgeLimits.clientBytesMax } = options;
  for (const [name, value] of Object.entries({ clientsMax, clientBytesMax }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new TypeError(`${name} has to be a whole number above 0: ${value}.`);
  const heartbeatMs = durationMs(options.heartbeat ?? bridgeLimits.heartbeatMs, "heartbeat");
  if (heartbeatMs === 0) throw new TypeError("heartbeat has to be above 0.");
  return {
    clientsMax,
    clientBytesMax,
    heartbeatMs,
    stallMs: durationMs(options.stall ?? bridgeLimits.stallMs, "stall"),
    clock: options.clock ?? systemClock,
    randomness: options.randomness ?? systemRandomness,
  };
}

export type Admission = { channel: Bridgeable } | { refused: "forbidden" | "unknown" };

/** Throws what `authorize` and the choice throw. */
export async function admit(
  request: BridgeRequest,
  choice: ChannelChoice,
  authorize: BridgeOptions["authorize"],
): Promise<Admission> {
  if (authorize !== undefined && (await authorize(request)) !== true) return { refused: "forbidden" };
  const channel = typeof choice === "function" ? await choice(request) : choice;
  return channel === null ? { refused: "unknown" } : { channel };
}
