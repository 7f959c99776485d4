/**
 * Messages that repeat: one for each tick, over all processes, added by whichever consumer is awake first. Ticks that passed while no
 * consumer was there are one message, not many.
 */

import { serverMsOf } from "../../connection/time-reply.ts";
import { nextTick, type Repeat, type RepeatPlan, repeatPlan } from "./cron.ts";
import { encodeMessage, levelOf, type Priority } from "./message.ts";
import { checkText, type QueueSettings } from "./options.ts";
import { dueSchedulesScript, scheduleScript, tickScript, unscheduleScript } from "./scripts/schedules.ts";

interface Stored {
  plan: RepeatPlan;
  payload: string;
  level: number;
  key?: string;
}

export interface Schedule {
  name: string;
  repeat: RepeatPlan;
  payload: unknown;
}

export interface ScheduleOptions {
  key?: string;
  priority?: Priority;
}

/** The same again changes nothing; another one of the same name takes its place. */
export async function setSchedule(
  queue: QueueSettings,
  name: string,
  { repeat, payload, key, priority = "normal" }: { repeat: Repeat; payload: string } & ScheduleOptions,
): Promise<void> {
  checkText(name, "the schedule's name");
  const stored: Stored = {
    plan: repeatPlan(repeat),
    payload,
    level: levelOf[priority],
    ...(key === undefined ? {} : { key }),
  };
  const nowMs = serverMsOf(await queue.server.main.ask(["TIME"]));
  const next = nextTick(stored.plan, Math.floor(nowMs));
  await scheduleScript.run(queue.server.main, [queue.base], [name, JSON.stringify(stored), String(next)]);
}

/** Whether there was one. */
export async function removeSchedule(queue: QueueSettings, name: string): Promise<boolean> {
  return (await unscheduleScript.run(queue.server.main, [queue.base], [name])) === 1;
}

export async function listSchedules(queue: QueueSettings): Promise<Schedule[]> {
  const flat = (await queue.server.main.ask(["HGETALL", `${queue.base}:schedules`])) as string[];
  const list: Schedule[] = [];
  for (let at = 0; at < flat.length; at += 2) {
    const { plan, payload } = JSON.parse(flat[at + 1] as string) as Stored;
    list.push({ name: flat[at] as string, repeat: plan, payload: JSON.parse(payload) });
  }
  return list;
}

export async function addDueTicks(queue: QueueSettings): Promise<void> {
  const reply = await dueSchedulesScript.run(queue.server.main, [queue.base], []);
  const [serverMs, ...due] = reply as [number, ...string[]];
  for (let at = 0; at < due.length; at += 3) {
    const [name, tick, schedule] = due.slice(at, at + 3) as [string, string, string];
    const { plan, payload, level, key } = JSON.parse(schedule) as Stored;
    const message = encodeMessage({ id: `${name}@${tick}`, level, key }, payload);
    const args = [name, schedule, tick, String(nextTick(plan, serverMs)), String(level), key ?? "", message];
    await tickScript.run(queue.server.main, [queue.base], args);
  }
}
