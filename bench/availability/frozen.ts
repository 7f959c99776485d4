/** A host that stops cold: its agent and its engines get SIGSTOP in one moment, and go on where they were after a while. */
import { readFileSync } from "node:fs";
import { systemClock } from "@larder/service";
import { until } from "../../tests/fixture/until.ts";
import { folderOf, NodeClient, nodeFolders, pidOf } from "./larder-nodes.ts";
import type { LarderSubject } from "./larder-subject.ts";
import type { Run } from "./runs.ts";
import { type Measurement, measureEvents } from "./watched-load.ts";

const frozenMs = 10_000;

export async function measureFrozen(subject: LarderSubject, freezes: number, measurement: Measurement): Promise<Run> {
  const run = await measureEvents(subject, measurement, {
    scenario: "frozen",
    events: freezes,
    async happen(load) {
      const pids = await processesOfPrimaryHost(subject);
      try {
        await load.begin("SIGSTOP", pids);
        await systemClock.sleep(frozenMs, measurement.signal);
      } finally {
        for (const pid of pids) process.kill(pid, "SIGCONT");
      }
      await subject.untilWhole();
      return { ...(await load.end()), move: null };
    },
  });
  return { ...run, thawed: await compareNodes(subject) };
}

/** The agent first: it must not see its engines stop. */
async function processesOfPrimaryHost(subject: LarderSubject): Promise<number[]> {
  const { service } = subject;
  const primary = folderOf(service.dataDir, (await subject.primary()).id);
  const ofHost = nodeFolders(service.dataDir).filter(({ agent }) => agent === primary.agent);
  const agentPid = parentOf(pidOf(primary));
  if (!service.pids().agent.includes(agentPid)) throw new Error("the primary's engine is not its agent's child");
  return [agentPid, ...ofHost.map(pidOf)];
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** Asks the engines themselves, as nobody writes any more: who leads, and which keys are not the same everywhere. */
async function compareNodes(subject: LarderSubject): Promise<NonNullable<Run["thawed"]>> {
  const nodes = await Promise.all(
    (await subject.nodes()).map(({ id }) => NodeClient.connect(folderOf(subject.service.dataDir, id))),
  );
  try {
    let differences = 0;
    await until("all nodes have the same data", async () => {
      differences = differingKeys(await Promise.all(nodes.map((node) => node.data())));
      return differences === 0;
    }).catch(() => {});
    const roles = await Promise.all(nodes.map((node) => node.role()));
    return { primaries: roles.filter((role) => role === "master").length, differences };
  } finally {
    for (const node of nodes) node.close();
  }
}

function differingKeys(nodes: readonly Map<string, string>[]): number {
  const keys = new Set(nodes.flatMap((data) => [...data.keys()]));
  return [...keys].filter((key) => new Set(nodes.map((data) => data.get(key))).size > 1).length;
}
