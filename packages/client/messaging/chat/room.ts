/**
 * A chat room: members who come, say something and go; a list of who is there; and a history, all on one channel, so that everybody
 * sees the same in the same order. It is no place of authority: who may join or say what is the application's to decide.
 *
 * A member whose process dies leaves when its presence ends: `presence` after the last sign of life, told at the latest a third
 * of that later by any process that uses the room.
 */
import { type ServerLike, serverOf } from "../../connection/server.ts";
import { type Duration, durationMs } from "../../duration.ts";
import { type Channel, channelAt, historyBounds, type ListenOptions } from "../channel/channel.ts";
import type { Gap } from "../channel/entry.ts";
import { publishedMs } from "../channel/event-id.ts";
import type { Cursor, CursorHooks, From } from "../channel/feed.ts";
import { type HistoryOptions, type Message, MessageTooLarge, type SubscribeOptions } from "../channel/options.ts";
import { channelKeys } from "../channel/stream-log.ts";
import type { Subscription } from "../channel/subscription.ts";
import { type Attendance, newAttendance, Presence } from "./presence.ts";

export interface Member<Info> {
  id: string;
  info: Info | null;
}

/** What a room's channel carries. A sign is ephemeral. */
export type RoomEvent<Said, Info> =
  | { type: "join"; member: Member<Info> }
  | { type: "leave"; member: Member<Info>; reason: "left" | "expired" }
  | { type: "say"; from: string; data: Said }
  | { type: "sign"; from: string; data: unknown };

export interface RoomOptions {
  server: ServerLike;
  /** 1,000 events unless given; joins and leaves are among them. */
  history?: HistoryOptions;
  /** How long after its process's last sign of life a member is there. 30 s unless given. At least 300 ms. */
  presence?: Duration;
  /** What the server refused while presence was renewed, which is tried again. Nothing unless given. */
  onTrouble?: (error: unknown) => void;
}

export const roomLimits = {
  memberIdBytesMax: 256,
  /** Of a member's info as JSON. */
  infoBytesMax: 4_096,
  presenceMs: 30_000,
  presenceMsMin: 300,
} as const;

export function createRoom<Said = unknown, Info = unknown>(name: string, options: RoomOptions): Room<Said, Info> {
  if (typeof name !== "string" || name === "") throw new TypeError("name has to be a string that is not empty.");
  return new Room(name, options);
}

export class Room<Said, Info> {
  readonly #channel: Channel<RoomEvent<Said, Info>>;
  readonly #presence: Presence;
  readonly #presenceMs: number;
  readonly #onTrouble: (error: unknown) => void;
  /** With what ends the use that each makes of the room. */
  readonly #attendances = new Map<Attendance, () => void>();
  #isRenewing = false;
  #users = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(name: string, { server, history = {}, presence = roomLimits.presenceMs, onTrouble }: RoomOptions) {
    this.#presenceMs = Math.round(durationMs(presence, "presence"));
    if (this.#presenceMs < roomLimits.presenceMsMin)
      throw new TypeError(`presence has to be at least ${roomLimits.presenceMsMin} ms.`);
    const keys = channelKeys("room", name);
    this.#channel = channelAt(keys, { server, history }, this.#use);
    this.#presence = new Presence(serverOf(server), keys, historyBounds(history), this.#presenceMs);
    this.#onTrouble = onTrouble ?? (() => {});
  }

  /** The same member may join several times; it is there until the last of its memberships ends. Rejects as `publish` does. */
  async join(member: { id: string; info?: Info }): Promise<Membership<Said>> {
    const attendance = attendanceOf(member);
    await this.#presence.update([attendance]);
    this.#attendances.set(attendance, this.#use());
    return {
      say: async (data) => (await this.#tell(attendance, { type: "say", from: member.id, data }, false)) as string,
      sign: async (data) => {
        await this.#tell(attendance, { type: "sign", from: member.id, data }, true);
      },
      leave: () => this.#leave(attendance),
    };
  }

  /** Who is there now. */
  async members(): Promise<Member<Info>[]> {
    return (await this.#presence.update([])) as Member<Info>[];
  }

  /** Hears all events, without being a member. */
  subscribe(
    onEvent: (event: RoomEvent<Said, Info>, message: Message<RoomEvent<Said, Info>>) => void | Promise<void>,
    options: ListenOptions = {},
  ): Subscription {
    return this.#channel.subscribe(onEvent, options);
  }

  events(options: SubscribeOptions = {}): AsyncGenerator<Message<RoomEvent<Said, Info>> | Gap, void, void> {
    return this.#channel.events(options);
  }

  /** The newest kept events, oldest first, each with its id and when the server took it. */
  async history(count = 50): Promise<(Message<RoomEvent<Said, Info>> & { atMs: number })[]> {
    const messages = await this.#channel.newest(count);
    return messages.map((message) => ({ ...message, atMs: publishedMs(message.id as string) }));
  }

  /** For bridges: `sse(room)`. */
  openCursor(from: From, hooks: CursorHooks): Cursor {
    return this.#channel.openCursor(from, hooks);
  }

  /** All members that joined here leave, and subscriptions end. */
  async close(): Promise<void> {
    this.#channel.close();
    const leaving = [...this.#attendances.keys()];
    for (const stop of this.#attendances.values()) stop();
    this.#attendances.clear();
    if (leaving.length > 0) await this.#presence.update([], leaving);
  }

  /** Renews who joined here, and ends whoever's time is over, while anybody here is a member or listens. */
  readonly #use = (): (() => void) => {
    this.#users++;
    this.#timer ??= setInterval(() => void this.#renew(), this.#presenceMs / 3);
    let isUsing = true;
    return () => {
      if (isUsing && --this.#users === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
      isUsing = false;
    };
  };

  async #renew(): Promise<void> {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    await this.#presence.update([...this.#attendances.keys()]).catch(this.#onTrouble);
    this.#isRenewing = false;
  }

  #tell(attendance: Attendance, event: RoomEvent<Said, Info>, ephemeral: boolean): Promise<string | null> {
    if (!this.#attendances.has(attendance)) throw new NotAMember();
    return this.#channel.publish(event, { ephemeral });
  }

  async #leave(attendance: Attendance): Promise<void> {
    this.#attendances.get(attendance)?.();
    if (this.#attendances.delete(attendance)) await this.#presence.update([], [attendance]);
  }
}

export interface Membership<Said> {
  /** Returns the event's id. Rejects as `publish` does, and with NOT_A_MEMBER after `leave`. */
  say(data: Said): Promise<string>;
  /** Heard by those who are there now and kept nowhere, for example that one is typing. */
  sign(data: unknown): Promise<void>;
  /** Idempotent. When the server cannot be told, the presence ends by itself. */
  leave(): Promise<void>;
}

/** The membership has ended. */
export class NotAMember extends Error {
  override readonly name = "NotAMember";
  readonly code = "NOT_A_MEMBER";

  constructor() {
    super("The membership has ended.");
  }
}

function attendanceOf({ id, info = null }: { id: string; info?: unknown }): Attendance {
  if (typeof id !== "string" || id === "" || Buffer.byteLength(id) > roomLimits.memberIdBytesMax)
    throw new TypeError(`A member's id has to be a string of 1 to ${roomLimits.memberIdBytesMax} bytes.`);
  const memberJson = JSON.stringify({ id, info });
  const bytes = Buffer.byteLength(memberJson);
  if (bytes > roomLimits.infoBytesMax) throw new MessageTooLarge(bytes, roomLimits.infoBytesMax, "The member");
  return newAttendance(id, memberJson);
}
