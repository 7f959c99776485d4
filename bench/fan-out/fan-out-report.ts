/** The readable form of the fan-out comparison, and the medians that it shows. */
import { type Machine, machineText } from "../machine.ts";
import { median } from "../quantile.ts";
import { tableText } from "../table.ts";

export interface FanOutSample {
  target: "valkey" | "larder" | "valkey-tls" | "larder-tls";
  protocol: 2 | 3;
  round: number;
  deliveriesPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** At the engine, while all subscribers were there. */
  upstreamSubscriptions: number;
  /** For each delivery at the highest rate; `gateway` is null where there is none. */
  cpuMicrosPerDelivery: { gateway: number | null; engine: number; subscribers: number };
  /** Of one core, that the process of the subscribers used at the highest rate. */
  subscribersBusy: number;
}

export interface FanOutResult {
  machine: Machine;
  subscribers: number;
  payloadBytes: number;
  messagesPerSecond: number;
  samples: FanOutSample[];
}

/** One message costs the engine one delivery, however many subscribers there are. */
const upstreamMax = 1;
/** Above it, deliveries per second are what the subscribers can take, not what they are given. */
const subscribersBusyMax = 0.9;

/** Whether the goal is met: how many upstream subscriptions there are. The ratios have none. */
export function isFanOutMet({ samples }: FanOutResult): boolean {
  const ofGateway = samples.filter(({ target }) => target.startsWith("larder"));
  return ofGateway.length > 0 && ofGateway.every(({ upstreamSubscriptions }) => upstreamSubscriptions <= upstreamMax);
}

export function fanOutReport(result: FanOutResult): string {
  const { subscribers, payloadBytes, messagesPerSecond } = result;
  return [
    `One channel with ${subscribers.toLocaleString("en")} subscribers, messages of ${payloadBytes} B`,
    ratioTable(result.samples),
    machineText(result.machine),
    `latencies: from publishing to each delivery, ${messagesPerSecond} messages a second; deliveries: as fast as they go`,
    ...busyText(result.samples),
    targetTable(result.samples),
  ].join("\n\n");
}

const pairs = [
  { title: "plain, RESP2", target: "larder", direct: "valkey" },
  { title: "TLS, RESP3", target: "larder-tls", direct: "valkey-tls" },
] as const;

function ratioTable(samples: readonly FanOutSample[]): string {
  const cells = pairs.map(({ target, direct }) => ({
    ratio: overRounds(samples, { target, direct }, (one, other) => one.deliveriesPerSecond / other.deliveriesPerSecond),
    p99Ratio: overRounds(samples, { target, direct }, (one, other) => one.p99Ms / other.p99Ms),
    upstream: Math.max(...samples.filter((each) => each.target === target).map((each) => each.upstreamSubscriptions)),
  }));
  const isMet = cells.every(({ upstream }) => upstream <= upstreamMax);
  return tableText(
    ["", "goal", ...pairs.map(({ title }) => title), ""],
    [
      ["deliveries per second, gateway / Valkey", "–", ...cells.map(({ ratio }) => ratio.toFixed(2)), ""],
      ["p99, gateway / Valkey", "–", ...cells.map(({ p99Ratio }) => p99Ratio.toFixed(2)), ""],
      [
        "subscriptions of the gateway at the engine",
        `≤ ${upstreamMax}`,
        ...cells.map(({ upstream }) => String(upstream)),
        isMet ? "met" : "not met",
      ],
    ],
  );
}

/** The median of the rounds' comparisons. */
function overRounds(
  samples: readonly FanOutSample[],
  names: { target: FanOutSample["target"]; direct: FanOutSample["target"] },
  compared: (one: FanOutSample, other: FanOutSample) => number,
): number {
  const directs = samples.filter(({ target }) => target === names.direct);
  const values = samples.flatMap((sample) => {
    const direct = directs.find(({ round }) => round === sample.round);
    return sample.target !== names.target || direct === undefined ? [] : [compared(sample, direct)];
  });
  return median(values);
}

function busyText(samples: readonly FanOutSample[]): string[] {
  const groups = Map.groupBy(samples, ({ target }) => target);
  const busy = [...groups].filter(([, group]) => medianOf(group, (each) => each.subscribersBusy) > subscribersBusyMax);
  if (busy.length === 0) return [];
  const names = busy.map(([target]) => target).join(", ");
  return [`${names}: the subscribers were at their limit, so more could have been delivered`];
}

function targetTable(samples: readonly FanOutSample[]): string {
  const header = [
    "",
    "deliveries/s",
    "p50 ms",
    "p99 ms",
    "worst ms",
    "at the engine",
    "CPU µs: gateway",
    "engine",
    "subscribers",
    "busy",
  ];
  const groups = Map.groupBy(samples, ({ target }) => target);
  return tableText(
    header,
    [...groups].map(([target, group]) => rowOf(target, group)),
  );
}

function rowOf(target: string, group: readonly FanOutSample[]): string[] {
  const middle = (of: (sample: FanOutSample) => number) => medianOf(group, of);
  const isDirect = group[0]?.cpuMicrosPerDelivery.gateway === null;
  return [
    target,
    Math.round(middle((each) => each.deliveriesPerSecond)).toLocaleString("en"),
    ...[middle((each) => each.p50Ms), middle((each) => each.p99Ms), middle((each) => each.maxMs)].map((ms) =>
      ms.toFixed(1),
    ),
    String(middle((each) => each.upstreamSubscriptions)),
    isDirect ? "–" : middle((each) => each.cpuMicrosPerDelivery.gateway ?? 0).toFixed(1),
    middle((each) => each.cpuMicrosPerDelivery.engine).toFixed(1),
    middle((each) => each.cpuMicrosPerDelivery.subscribers).toFixed(1),
    `${Math.round(100 * middle((each) => each.subscribersBusy))} %`,
  ];
}

function medianOf(group: readonly FanOutSample[], of: (sample: FanOutSample) => number): number {
  return median(group.map(of));
}
