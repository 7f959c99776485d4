/**
 * Ctrl-C and its kin. The first asks for an orderly stop; a second Ctrl-C, by somebody who will not wait, for an end at
 * once.
 */
export interface StopSignals {
  /** Resolves with the signal's name when the first arrives. */
  first: Promise<string>;
}

export function watchStopSignals(onSecond: () => void): StopSignals {
  const first = Promise.withResolvers<string>();
  let isStopping = false;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => {
      if (isStopping && name === "SIGINT") onSecond();
      isStopping = true;
      first.resolve(name);
    });
  return { first: first.promise };
}
