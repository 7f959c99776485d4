/** Every bound on who may call the management API. What tokens may be is in `tokenRules`. */
export const authorizationLimits = {
  /** In the whole service; as in one of Azure's subscriptions. */
  roleAssignmentsMax: 4_000,
  roleDefinitionsMax: 500,
  /** Tokens whose signature is not checked again until they expire; beyond, that of the one longest kept is. */
  tokensKeptMax: 10_000,
  /** Bad tokens of one address: after so many no signature is checked for it until the window is over. */
  badTokens: { failuresMax: 30, windowMs: 60_000, keysMax: 10_000 },
} as const;
