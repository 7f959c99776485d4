/** A spinner for what takes longer than a second: on standard error, and only where a person looks at it. */
import type { Clock } from "./clock.ts";
import type { Terminal } from "./terminal.ts";

const patienceMs = 1_000;

export interface Progress {
  terminal: Terminal;
  clock: Clock;
  text: string;
  /** The caller ends in order on Ctrl-C; else the spinner ends the process, once it has given the cursor back. */
  handlesSignals?: boolean;
}

/** Runs `work`; shows `text` beside a spinner once it takes long. */
export async function withProgress<T>(shown: Progress, work: () => Promise<T>): Promise<T> {
  if (!shown.terminal.isErrTerminal) return work();
  let stop = () => {};
  let finished = false;
  const show = async () => {
    const { default: createSpinner } = await import("yocto-spinner");
    if (finished) return;
    const spinner = createSpinner({
      text: shown.text,
      stream: process.stderr,
      handleSignals: !shown.handlesSignals,
    }).start();
    stop = () => void spinner.stop();
  };
  const cancel = shown.clock.after(patienceMs, () => void show());
  try {
    return await work();
  } finally {
    finished = true;
    cancel();
    stop();
  }
}
