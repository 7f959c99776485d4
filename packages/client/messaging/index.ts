/** @larder/client/messaging */
export type {
  Bridgeable,
  Bridgeable,
  Bridgeable,
  Bridgeable,
  BridgeOptions,
  BridgeOptions,
  BridgeOptions,
  BridgeOptions,
  BridgeRequest,
  BridgeRequest,
  BridgeRequest,
  BridgeRequest,
  ChannelChoice,
  ChannelChoice,
  ChannelChoice,
  ChannelChoice,
} from "./bridge/bridge-options.ts";
export { bridgeLimits, bridgeLimits, bridgeLimits, bridgeLimits } from "./bridge/limits.ts";
export {
  type SseBridge,
  type SseBridge,
  type SseBridge,
  type SseBridge,
  type SseOptions,
  type SseOptions,
  type SseOptions,
  type SseOptions,
  sse,
  sse,
  sse,
  sse,
} from "./bridge/sse.ts";
export {
  type BunSocket,
  type EventSocket,
  type WebSocketBridge,
  type WebSocketOptions,
  webSockets,
} from "./bridge/web-sockets.ts";
export {
  Channel,
  Channel,
  Channel,
  Channel,
  Channel,
  createChannel,
  createChannel,
  createChannel,
  createChannel,
  createChannel,
} from "./channel/channel.ts";
export { channelLimits, channelLimits, channelLimits, channelLimits, channelLimits } from "./channel/limits.ts";
export type * from "./channel/options.ts";
export type * from "./channel/options.ts";
export type * from "./channel/options.ts";
export type * from "./channel/options.ts";
export type * from "./channel/options.ts";
export {
  MessageTooLarge,
  MessageTooLarge,
  MessageTooLarge,
  MessageTooLarge,
  MessageTooLarge,
  PublishUnknown,
  PublishUnknown,
  PublishUnknown,
  PublishUnknown,
  PublishUnknown,
} from "./channel/options.ts";
export type { Subscription, Subscription, Subscription, Subscription, Subscription } from "./channel/subscription.ts";
export {
  createRoom,
  createRoom,
  type Member,
  type Member,
  type Membership,
  type Membership,
  NotAMember,
  NotAMember,
  Room,
  Room,
  type RoomEvent,
  type RoomEvent,
  type RoomOptions,
  type RoomOptions,
  roomLimits,
  roomLimits,
} from "./chat/room.ts";
export type { Added } from "./queue/adder.ts";
export type { Backoff, BackoffOptions } from "./queue/backoff.ts";
export type { Handler } from "./queue/consumer.ts";
export type { Repeat } from "./queue/cron.ts";
export type { DeadLetter, DeadLetters } from "./queue/dead-letters.ts";
export type { MessageContext } from "./queue/delivery.ts";
export { GiveUp, HandlerTimeout, LeaseLost, OutcomeUnknown, QueueFull, QueueRefused } from "./queue/errors.ts";
export type { Priority } from "./queue/message.ts";
export type { Effect, EffectContext } from "./queue/once.ts";
export {
  type AddOptions,
  limits as queueLimits,
  type ProcessOptions,
  type QueueEvent,
  type QueueOptions,
} from "./queue/options.ts";
export { createQueue, type Queue, type QueueStats, type RunningConsumer } from "./queue/queue.ts";
export type { Schedule, ScheduleOptions } from "./queue/schedule.ts";
export { type CallOptions, call } from "./request/call.ts";
export { CallTimeout, NoResponder, ServiceError } from "./request/call-errors.ts";
export { serviceLimits } from "./request/limits.ts";
export { createService, type Handler, type RequestContext, Service, type ServiceOptions } from "./request/service.ts";
