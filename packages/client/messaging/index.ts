/** @larder/client/messaging */
export type { Bridgeable, BridgeOptions, BridgeRequest, ChannelChoice } from "./bridge/bridge-options.ts";
export { bridgeLimits } from "./bridge/limits.ts";
export { type SseBridge, type SseOptions, sse } from "./bridge/sse.ts";
export {
  type BunSocket,
  type EventSocket,
  type WebSocketBridge,
  type WebSocketOptions,
  webSockets,
} from "./bridge/web-sockets.ts";
export { Channel, createChannel } from "./channel/channel.ts";
export { channelLimits } from "./channel/limits.ts";
export type * from "./channel/options.ts";
export { MessageTooLarge, PublishUnknown } from "./channel/options.ts";
export type { Subscription } from "./channel/subscription.ts";
export {
  createRoom,
  type Member,
  type Membership,
  NotAMember,
  Room,
  type RoomEvent,
  type RoomOptions,
  roomLimits,
} from "./chat/room.ts";
export type { Added } from "./queue/adder.ts";
export type { Backoff, BackoffOptions } from "./queue/backoff.ts";
export type { Repeat } from "./queue/cron.ts";
export type { DeadLetter, DeadLetters } from "./queue/dead-letters.ts";
export type { MessageContext } from "./queue/delivery.ts";
export { GiveUp, HandlerTimeout, LeaseLost, OutcomeUnknown, QueueFull, QueueRefused } from "./queue/errors.ts";
export type { Handler as MessageHandler } from "./queue/hands.ts";
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
export {
  createService,
  type Handler as RequestHandler,
  type RequestContext,
  Service,
  type ServiceOptions,
} from "./request/service.ts";
