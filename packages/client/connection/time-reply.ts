/** What a server answers to TIME, in milliseconds since 1970. */
export function serverMsOf(reply: unknown): number {
  const [seconds, micros] = reply as [string | Buffer, string | Buffer];
  return Number(String(seconds)) * 1_000 + Number(String(micros)) / 1_000;
}
