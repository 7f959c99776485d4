/** The source did not bring a value within `hardTimeout`. */
export class LoadTimeout extends Error {
  override readonly name = "LoadTimeout";
  readonly code = "LOAD_TIMEOUT";

  constructor(key: string, ms: number) {
    super(`No value for ${JSON.stringify(key.slice(0, 100))} within ${ms} ms (hardTimeout).`);
  }
}

/** What `work` brings, unless it takes longer; then its signal is aborted, and what it still does is nobody's. */
export async function withinHardTimeout<T>(
  key: string,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new LoadTimeout(key, ms);
      reject(error);
      controller.abort(error);
    }, ms);
  });
  try {
    return await Promise.race([work(controller.signal), expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects as soon as the signal is aborted; what was aborted goes on without anybody. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
