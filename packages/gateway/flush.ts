/**
 * When written bytes go out: once a turn of the event loop for each connection, after all sockets that were ready have
 * been read. That is what turns the commands of many clients into few system calls.
 */
interface Flushable {
  flush(): void;
}

let pending: Flushable[] = [];
let isScheduled = false;

/** The caller marks itself, so that it is here at most once a turn. */
export function flushThisTurn(connection: Flushable): void {
  pending.push(connection);
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(flushAll);
}

function flushAll(): void {
  isScheduled = false;
  const flushing = pending;
  pending = [];
  for (const connection of flushing) connection.flush();
}
