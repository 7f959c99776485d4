/** By which the gateway and engines of other hosts know each other: files in PEM, read for each connection. */
import { readFileSync } from "node:fs";
import { LarderError } from "@larder/api";

interface NodeCertificateFlags {
  "node-cert": string | undefined;
  "node-key": string | undefined;
  "node-ca": string | undefined;
}

export class NodeCertificate {
  readonly #paths: { cert: string; key: string; ca: string };

  constructor(paths: { cert: string; key: string; ca: string }) {
    this.#paths = paths;
  }

  read(): { cert: string; key: string; ca: string } {
    const { cert, key, ca } = this.#paths;
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8"), ca: readFileSync(ca, "utf8") };
  }
}

/** null when none is given. Throws ConfigInvalid when only some are, or one cannot be read. */
export function nodeCertificateOf(flags: NodeCertificateFlags): NodeCertificate | null {
  const { "node-cert": cert, "node-key": key, "node-ca": ca } = flags;
  if (cert === undefined && key === undefined && ca === undefined) return null;
  if (cert === undefined || key === undefined || ca === undefined)
    throw new LarderError("ConfigInvalid", "--node-cert, --node-key and --node-ca go together.");
  const certificate = new NodeCertificate({ cert, key, ca });
  try {
    certificate.read();
  } catch (cause) {
    const text = `--node-cert, --node-key and --node-ca cannot be used: ${(cause as Error).message}.`;
    throw new LarderError("ConfigInvalid", text, { cause });
  }
  return certificate;
}
