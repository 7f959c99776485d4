/** What `larder up` writes to `--ready-file` and, for the other commands, to `connection.json` in its data directory. */
export interface ConnectionFile {
  /** Base URL of the management API. */
  api: string;
  /** The administrator's bearer token. The file's mode is 0600. */
  token: string;
  /** Path of the certificate authority's PEM file. */
  ca: string;
  subscription: string;
  resourceGroup: string;
  /** Folders of this machine beneath which its agents may have files of imports and exports. */
  storageRoots?: string[];
  pids: { controller: number[]; agent: number[]; gateway: number[] };
}
