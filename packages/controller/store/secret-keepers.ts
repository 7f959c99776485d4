/**
 * Who else keeps files that are sealed with the controller's key: agents of this machine and the gateway's workers, by what they report.
 * An agent of another machine has a key of its own.
 */
import type { Hosts } from "../hosts/hosts.ts";
import type { Observations } from "../reconcile/observations.ts";

export interface SecretKeeper {
  /** For people. */
  name: string;
  /** Of the key with which all that it keeps is sealed; null: it is away, or has not said. */
  keyId: string | null;
}

export async function secretKeepers(parts: { hosts: Hosts; observations: Observations }): Promise<SecretKeeper[]> {
  return [...(await agentsOf(parts)), ...workersOf(parts.observations)];
}

/** Who joined has a certificate. */
async function agentsOf({ hosts, observations }: { hosts: Hosts; observations: Observations }) {
  const reports = new Map(observations.agentReports().map((report) => [report.hostId, report]));
  const local = (await hosts.all()).filter(({ certificates }) => certificates.length === 0);
  return local.map(({ hostId, name }) => ({
    name: `the agent of host ${name}`,
    keyId: reports.get(hostId)?.secretsKeyId ?? null,
  }));
}

function workersOf({ gateways }: Observations): SecretKeeper[] {
  const reports = gateways.connectedReports();
  const count = Math.max(1, ...reports.map((report) => report?.workers ?? 0));
  return Array.from({ length: count }, (_, at) => {
    const keyIds = reports.filter((report) => report?.index === at + 1).map((report) => report?.secretsKeyId ?? null);
    return { name: `worker ${at + 1} of the gateway`, keyId: keyIds.at(-1) ?? null };
  });
}
