/** Values of some MiB, in and out, each made of its own name: a byte of another one shows. */
import type { LoadContext } from "../load.ts";

const MiB = 1024 * 1024;

export async function largeValue({ name, random, ledger, openSession, turn }: LoadContext): Promise<void> {
  const session = openSession();
  for (let serial = 0; await turn(); serial++) {
    const key = `chaos:large:${name}:${serial}`;
    const value = Buffer.alloc(MiB + random(4 * MiB), `${key}|`).toString("latin1");
    const [written, read, other] = await session.pipeline([
      ["SET", key, value, "PX", "10000"],
      ["GET", key],
      ["ECHO", key],
    ]);
    ledger.count("large values");
    if (written?.kind === "reply" && written.reply !== "OK")
      ledger.violation(name, `SET: ${String(written.reply).slice(0, 80)}`);
    const isRight = read?.kind !== "reply" || written?.kind !== "reply" || read.reply === value;
    if (!isRight) ledger.violation(name, `GET ${key}: ${String(read.reply).slice(0, 80)}`);
    if (other?.kind === "reply" && other.reply !== key)
      ledger.violation(name, `ECHO ${key}: ${String(other.reply).slice(0, 80)}`);
    await session.ask("UNLINK", key);
  }
}
