/** A transfer's task without what is secret in it: passwords, keys and signatures. Pure. */
import { describeLocation, type RemoteServer, type StorageLocation, type TransferTask } from "@larder/api";

export function taskWithoutSecrets(task: TransferTask): TransferTask {
  switch (task.kind) {
    case "import":
      return { ...task, files: task.files.map(publicLocation) };
    case "export":
      return { ...task, to: publicLocation(task.to) };
    case "migrate":
      return { ...task, source: publicServer(task.source) };
    case "reverse":
      return { ...task, target: publicServer(task.target) };
    case "verify":
      return { ...task, at: publicLocation(task.at) };
    case "compare":
      return { ...task, with: "url" in task.with ? publicLocation(task.with) : publicServer(task.with) };
  }
}

function publicLocation(location: StorageLocation): StorageLocation {
  return { url: describeLocation(location), credentials: null };
}

function publicServer(server: RemoteServer): RemoteServer {
  const tls = server.tls && { ...server.tls, client: null };
  return { ...server, sentinelPassword: null, password: null, tls };
}
