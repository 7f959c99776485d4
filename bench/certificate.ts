/** PEM files of the certificate that every TLS target of one run serves. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { issueTestCertificate } from "../tests/fixture/certificate.ts";

export interface Certificate {
  caPath: string;
  certificatePath: string;
  keyPath: string;
}

/** The one that the service under test made for itself. */
export function certificateOf(dataDirectory: string): Certificate {
  const directory = join(dataDirectory, "controller/pki");
  return {
    caPath: join(directory, "ca.pem"),
    certificatePath: join(directory, "server.pem"),
    keyPath: join(directory, "server-key.pem"),
  };
}

/** A new one, made as the service makes its own. */
export async function issueCertificate(directory: string): Promise<Certificate> {
  const { ca, cert, key } = await issueTestCertificate();
  const write = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    caPath: write("ca.pem", ca),
    certificatePath: write("server.pem", cert),
    keyPath: write("server-key.pem", key),
  };
}
