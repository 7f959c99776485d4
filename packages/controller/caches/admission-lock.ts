/**
 * Whoever gives out memory or ports reads all caches, decides and commits; the lock keeps two from giving out the same.
 * It lives in memory, as only one controller writes.
 */
export class AdmissionLock {
  #last: Promise<unknown> = Promise.resolve();

  exclusively<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task);
    this.#last = result.catch(() => {});
    return result;
  }
}
