/** Why an engine ended, by the end of its log. Pure. */
import type { ErrorCode } from "@larder/api";

/** Of a build without TLS, as the first TLS setting of the configuration file is this one. */
const unknownTlsPort = /^>>> 'tls-port [^\n]*'\nBad directive[^\n]*$/m;

export function problemOfDeath(logTail: string): { code: ErrorCode; message: string } {
  const lines = logTail.trimEnd().split("\n");
  if (unknownTlsPort.test(lines.slice(-2).join("\n")))
    return { code: "EngineNotAvailable", message: "The engine was built without TLS, which replication needs." };
  return { code: "EngineStartFailed", message: `The engine ended: ${lines.at(-1) || "it left no message"}` };
}
