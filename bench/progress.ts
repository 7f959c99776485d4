/** One line that shows how far a long run is; silent where standard error is not a terminal. */
export function showProgress(done: number, all: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(done < all ? `\r${done} of ${all} runs` : "\r\x1b[K");
}
