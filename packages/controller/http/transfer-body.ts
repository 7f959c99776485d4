/** A transfer as the management API shows it. Pure. */
import { describeLocation, hostAndPortText, type RemoteServer, type TransferResource } from "@larder/api";
import type { TransferDocument } from "../documents/transfer-document.ts";
import type { TransferSeen } from "../transfers/transfers.ts";

export function transferBody({ transfer, progress }: TransferSeen): TransferResource {
  const { transferId, task, status, filter, cutOver, nodeId, createdMs, endedMs, problem } = transfer;
  const { transferId: _, error, ...figures } = progress ?? { transferId, error: null };
  return {
    id: transferId,
    kind: task.kind,
    mode: task.kind === "import" ? task.mode : null,
    status,
    ...endsOf(transfer),
    filter,
    cutOver,
    paused: "isPaused" in task && task.isPaused,
    node: nodeId,
    createdAt: new Date(createdMs).toISOString(),
    endedAt: endedMs === null ? null : new Date(endedMs).toISOString(),
    progress: progress === null ? null : (figures as TransferResource["progress"]),
    error: problem ?? error,
  };
}

/** What is not named is the cache itself. */
function endsOf({ task }: TransferDocument): Pick<TransferResource, "from" | "to"> {
  switch (task.kind) {
    case "import":
      return { from: task.files.map(describeLocation), to: [] };
    case "export":
      return { from: [], to: [`${describeLocation(task.to).replace(/\/$/, "")}/${task.fileName}`] };
    case "migrate":
      return { from: addressesOf(task.source), to: [] };
    case "reverse":
      return { from: [], to: addressesOf(task.target) };
    case "verify":
      return { from: [`${describeLocation(task.at).replace(/\/$/, "")}/${task.manifest.file}`], to: [] };
    case "compare":
      return { from: "url" in task.with ? [describeLocation(task.with)] : addressesOf(task.with), to: [] };
  }
}

function addressesOf({ addresses }: RemoteServer): string[] {
  return addresses.map(hostAndPortText);
}
