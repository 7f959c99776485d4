/** PEM files of the certificate that every TLS target serves: the one that the service under test made for itself. */
import { join } from "node:path";

export interface Certificate {
  caPath: string;
  certificatePath: string;
  keyPath: string;
}

export function certificateOf(dataDirectory: string): Certificate {
  const directory = join(dataDirectory, "controller/pki");
  return {
    caPath: join(directory, "ca.pem"),
    certificatePath: join(directory, "server.pem"),
    keyPath: join(directory, "server-key.pem"),
  };
}
