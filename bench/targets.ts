/** Everything that a comparison measures, started: each kind of target with a Valkey of its own, all with one certificate. */
import { type Certificate, certificateOf } from "./certificate.ts";
import { createBenchCache, gatewayPid, startLarder } from "./larder.ts";
import type { Endpoint } from "./load.ts";
import type { BackendKind, BackendPorts } from "./peers/backend.ts";
import { type HaproxyServer, startHaproxy } from "./peers/haproxy.ts";
import { startTwemproxy } from "./peers/twemproxy.ts";
import { startValkey } from "./peers/valkey.ts";
import type { Program } from "./process.ts";
import type { TargetName } from "./sample.ts";

export interface Target {
  name: TargetName;
  endpoint: Endpoint;
  /** The processes between client and engine; none where there is no proxy. */
  proxyPids: readonly number[];
  enginePid: number;
  /** Whether they all run on the same CPU; null where nobody tells them to, or they decide themselves. */
  isOnOneCpu: boolean | null;
}

/** A proxy that reaches its engine in two ways. */
export interface TargetChoice {
  name: TargetName;
  by: Record<BackendKind, Target>;
  /** More rows of the same program, which follow its choice. */
  followers: Record<BackendKind, Target>[];
}

export interface Targets {
  fixed: Target[];
  choices: TargetChoice[];
}

/** 1,000 clients and 1 GiB. */
const cacheCapacity = 1;

export async function startTargets(stack: AsyncDisposableStack, directory: string): Promise<Targets> {
  const service = await startLarder(stack, "native");
  const certificate = certificateOf(service.dataDir);
  const cache = await createBenchCache(service, cacheCapacity);
  const pids = { proxyPids: [gatewayPid(service)], enginePid: cache.enginePid, isOnOneCpu: null };
  const larder: Target[] = [
    { name: "larder", endpoint: cache.plain, ...pids },
    { name: "larder-tls", endpoint: cache.tls, ...pids },
  ];
  const peers = await startPeers(stack, directory, certificate);
  return { fixed: [...peers.fixed, ...larder], choices: peers.choices };
}

async function startPeers(stack: AsyncDisposableStack, directory: string, certificate: Certificate): Promise<Targets> {
  const keep = <P extends Program>(program: P): P => {
    stack.defer(() => program.stop());
    return program;
  };
  const startEngine = async (name: string) => keep(await startValkey({ directory, name, certificate }));
  const direct = await startEngine("direct");
  const behindHaproxy = await startEngine("behind-haproxy");
  const behindTwemproxy = await startEngine("behind-twemproxy");
  const alone = { proxyPids: [], enginePid: direct.pid, isOnOneCpu: null };
  const startProxy = async (threads: number) =>
    keep(await startHaproxy({ directory, threads, engine: behindHaproxy, certificate }));
  const haproxy = { one: await startProxy(1), two: await startProxy(2), enginePid: behindHaproxy.pid };
  const twemproxy = keep(await startTwemproxy({ directory, engine: behindTwemproxy }));
  return {
    fixed: [
      { name: "valkey", endpoint: plain(direct.port), ...alone },
      { name: "valkey-tls", endpoint: tlsOf(certificate)(direct.tlsPort), ...alone },
    ],
    choices: [
      ...haproxyChoices(haproxy, certificate),
      {
        name: "twemproxy",
        by: eachBackend("twemproxy", twemproxy.plain, plain, {
          proxyPids: [twemproxy.pid],
          enginePid: behindTwemproxy.pid,
        }),
        followers: [],
      },
    ],
  };
}

function haproxyChoices(
  haproxy: { one: HaproxyServer; two: HaproxyServer; enginePid: number },
  certificate: Certificate,
): TargetChoice[] {
  const { enginePid } = haproxy;
  const one = { proxyPids: [haproxy.one.pid], enginePid };
  const two = { proxyPids: [haproxy.two.pid], enginePid };
  const tls = tlsOf(certificate);
  return [
    {
      name: "haproxy",
      by: eachBackend("haproxy", haproxy.one.plain, plain, one),
      followers: [eachBackend("haproxy-2-threads", haproxy.two.plain, plain, two)],
    },
    {
      name: "haproxy-tls",
      by: eachBackend("haproxy-tls", haproxy.one.tls, tls, one),
      followers: [eachBackend("haproxy-tls-2-threads", haproxy.two.tls, tls, two)],
    },
  ];
}

export function plain(port: number): Endpoint {
  return { port, caPath: null, password: null };
}

export function tlsOf({ caPath }: Certificate): (port: number) => Endpoint {
  return (port) => ({ port, caPath, password: null });
}

function eachBackend(
  name: TargetName,
  ports: BackendPorts,
  endpointOf: (port: number) => Endpoint,
  pids: Pick<Target, "proxyPids" | "enginePid">,
): Record<BackendKind, Target> {
  return {
    tcp: { name, endpoint: endpointOf(ports.tcp), ...pids, isOnOneCpu: false },
    unix: { name, endpoint: endpointOf(ports.unix), ...pids, isOnOneCpu: false },
  };
}
