/** What the process of the subscribers (subscribers.ts) is asked for, and what it measures. */
import type { Endpoint } from "../load.ts";

export type SubscribersOrder =
  /** Opens them all, and the one that publishes. */
  | { kind: "open"; endpoint: Endpoint; protocol: 2 | 3; subscribers: number; channel: string; payloadBytes: number }
  /** Publishes at a fixed rate, one message at a time: the time from publishing to each delivery. */
  | { kind: "latency"; messages: number; messagesPerSecond: number }
  /** Publishes the next message as soon as fewer than `inFlight` are on their way: deliveries per second. */
  | { kind: "throughput"; inFlight: number; seconds: number }
  | { kind: "close" };

export interface FanOutLatency {
  deliveries: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

export interface FanOutThroughput {
  deliveries: number;
  deliveriesPerSecond: number;
}
