/**
 * Has an engine run behind everything else of its host, while nobody but us waits for it. Only where the agent may take that back: who
 * may not raise a process again leaves it as it is.
 */
import { getPriority, setPriority } from "node:os";

const lowered = 10;

/** Returns what brings it back to where engines are. One that is gone by then stays gone. */
export function lowerPriority(pid: number): () => void {
  try {
    const normal = getPriority();
    const restore = () => setPriority(pid, normal);
    // By one, which matters nothing if it cannot be taken back.
    setPriority(pid, normal + 1);
    restore();
    setPriority(pid, Math.min(19, normal + lowered));
    return () => {
      try {
        restore();
      } catch {
        // It has ended.
      }
    };
  } catch {
    return () => {};
  }
}
