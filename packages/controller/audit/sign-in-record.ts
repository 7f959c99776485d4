/**
 * One sign-in at the embedded identity provider, as it is written down among the calls. Never what was typed or shown: names that
 * nobody has may be passwords in the wrong field.
 */
export interface SignInRecord {
  /** ISO 8601. */
  time: string;
  event: "sign-in";
  /**
   * user: somebody typed a password. application: a program showed its secret. device: a program on behalf of whoever signed in
   * elsewhere. renewal: by a refresh token; of these only those that failed.
   */
  kind: SignInKind;
  outcome: "succeeded" | "failed";
  /** Who it is, or was to be; null: nobody that is known. */
  principal: { objectId: string; name: string } | null;
  /** The application that asked; null: none that is known. */
  clientId: string | null;
  address: string;
  /** Of a failure, in the protocol's words. */
  error: string | null;
  /** So many of this outcome were not written down before it, as there were too many. */
  leftOut: number;
}

export type SignInKind = "user" | "application" | "device" | "renewal";
