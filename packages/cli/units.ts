/** Quantities and times as people read them. */
const steps = ["B", "KB", "MB", "GB", "TB"] as const;

/** "250 MB", "2.5 GB": binary multiples, as Azure writes its sizes. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 1024 && step < steps.length - 1) {
    value /= 1024;
    step++;
  }
  const digits = value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${steps[step]}`;
}

/** "0.3 s", "85 ms". */
export function formatDuration(ms: number): string {
  return ms < 100 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** "2026-11-21 18:05:35" where the reader is: Swedish writes it so. */
export function localTime(time: string): string {
  return new Date(time).toLocaleString("sv-SE");
}
