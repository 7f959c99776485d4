/** A spinner for what takes longer than a second: on standard error, and only where a person looks at it. */
import type { Clock } from "./clock.ts";
import type { Terminal } from "./terminal.ts";

const patienceMs = 1_000;

/** Runs `work`; shows `text` beside a spinner once it takes long. */
export async function withProgress<T>(
  shown: { terminal: Terminal; clock: Clock; text: string },
  work: () => Promise<T>,
): Promise<T> {
  if (!shown.terminal.isErrTerminal) return work();
  let stop = () => {};
  let finished = false;
  const cancel = shown.clock.after(patienceMs, async () => {
    const { default: createSpinner } = await import("yocto-spinner");
    if (finished) return;
    const spinner = createSpinner({ text: shown.text, stream: process.stderr }).start();
    stop = () => void spinner.stop();
  });
  try {
    return await work();
  } finally {
    finished = true;
    cancel();
    stop();
  }
}
