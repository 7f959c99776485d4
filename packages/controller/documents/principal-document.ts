/** A principal as the store keeps it. Of what it signs in with it has hashes (secret-hash.ts) only. */
interface PrincipalBase {
  objectId: string;
  /** Unique among its kind, whatever the case. */
  name: string;
  displayName: string;
  createdMs: number;
}

export interface ApplicationDocument extends PrincipalBase {
  kind: "application";
  applicationId: string;
  /** The newest first. */
  secrets: SecretDocument[];
}

export interface SecretDocument {
  secretId: string;
  hash: string;
  createdMs: number;
  expiresMs: number;
}

export interface UserDocument extends PrincipalBase {
  kind: "user";
  passwordHash: string;
  /** Who signed in before this has to do so again. */
  passwordSetMs: number;
}

export type PrincipalDocument = ApplicationDocument | UserDocument;
