/** What bounds the embedded identity provider: how long things count, how many there may be, and how often one may try. */
export const identityLimits = {
  /** As Entra's shortest. Whoever is taken away keeps a token that long, but not what roles gave him. */
  accessTokenSeconds: 3_600,
  idTokenSeconds: 3_600,
  /** From the last use on: each use gives another one. */
  refreshTokenSeconds: 14 * 86_400,
  /** From the sign-in on, however often it is used. */
  grantSeconds: 90 * 86_400,
  deviceCodeSeconds: 900,
  /** How often a device may ask whether its code was taken: it is cheap, and somebody waits. */
  devicePollSeconds: 1,
  authorizationCodeSeconds: 60,
  /** For a person to type a name and a password. */
  interactionSeconds: 900,
  /** Of a browser in which somebody has signed in. */
  sessionSeconds: 3_600,
  /** Of each kind; past it newcomers are asked to come again, once what has expired is gone. */
  artifactsMax: 10_000,
  /** Requests of one address that leave something behind, in a minute. */
  newcomersPerMinute: 120,
  requestBytesMax: 16 * 1024,
  /** Of those that succeed, and of those that fail; more are counted, and not written down. */
  signInRecordsPerMinute: 600,
} as const;

/** Failed sign-ins of one address (of IPv6, of one /64). */
export const addressAttempts = { failuresMax: 20, windowMs: 5 * 60_000, keysMax: 10_000 } as const;

/** Of one user's name, from anywhere: a slow guess from many addresses. */
export const nameAttempts = { failuresMax: 50, windowMs: 5 * 60_000, keysMax: 10_000 } as const;
