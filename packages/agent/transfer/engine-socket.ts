/** Connections of transfers to the node's own engine. */
import { createConnection, type Socket } from "node:net";
import { TransferError } from "./transfer-error.ts";

/** Throws EngineLost. Destroyed when the signal is aborted. */
export async function connectToEngine(socketPath: string, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = createConnection(socketPath);
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: Error) =>
      reject(new TransferError("EngineLost", "The node's engine does not answer.", { isRetryable: true, cause }));
    socket.once("error", onError);
    socket.once("connect", () => {
      socket.off("error", onError);
      resolve();
    });
  });
  const onAbort = () => socket.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  socket.once("close", () => signal.removeEventListener("abort", onAbort));
  // Whoever reads hears of it.
  socket.on("error", () => {});
  return socket;
}
