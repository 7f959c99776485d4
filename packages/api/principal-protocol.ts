/**
 * Principals: who may sign in at the identity provider of the service itself (docs/identity.md). Where tokens come from
 * another issuer, its directory has them and there are none here.
 *
 *   GET    /larder/principals                                 a page of `PrincipalResource`
 *   POST   /larder/principals                                 a `PrincipalCreateBody` → `PrincipalCreated`
 *   DELETE /larder/principals/{objectId}                      what it was given by roles and policies stays behind, for nobody
 *   POST   /larder/principals/{objectId}/secrets              a `SecretCreateBody` → `IssuedSecret`, of an application
 *   DELETE /larder/principals/{objectId}/secrets/{secretId}
 *   PUT    /larder/principals/{objectId}/password             a `PasswordBody`, of a user; whoever has signed in must do so again
 *
 * A secret is told once, in the answer to the call that makes it. Passwords are told never.
 */
export const principalLimits = {
  /** Of both kinds together. */
  principalsMax: 1_000,
  /** Of one application: the one in use, the one that comes after it, and some for mistakes. */
  secretsMax: 5,
  secretDaysDefault: 365,
  secretDaysMax: 730,
  passwordLengthMin: 8,
  passwordLengthMax: 256,
} as const;

export type PrincipalKind = "application" | "user";

export interface PrincipalResource {
  /** What roles and access policies are given to, and the `oid` of its tokens. */
  objectId: string;
  kind: PrincipalKind;
  /** Unique among its kind, whatever the case; a user signs in with it. */
  name: string;
  displayName: string;
  /** With which an application signs in, its client id; null: a user. */
  applicationId: string | null;
  /** ISO 8601. */
  createdAt: string;
  /** Of an application, those that have expired too. */
  secrets: SecretResource[];
}

export interface SecretResource {
  secretId: string;
  createdAt: string;
  expiresAt: string;
}

export interface IssuedSecret extends SecretResource {
  secret: string;
}

export interface PrincipalCreateBody {
  kind: PrincipalKind;
  name: string;
  displayName?: string;
  /** A user's. */
  password?: string;
  /** How long an application's first secret is good for. */
  secretDays?: number;
}

export interface PrincipalCreated extends PrincipalResource {
  /** null: a user. */
  issued: IssuedSecret | null;
}

export interface SecretCreateBody {
  secretDays?: number;
  /** The others are not accepted any more. */
  replace?: boolean;
}

export interface PasswordBody {
  password: string;
}

/** As which `larder login` signs people in at the embedded identity provider. */
export const larderCliClientId = "b7d5c3f0-5a0e-4c1b-9f53-2a8e6d41c907";
