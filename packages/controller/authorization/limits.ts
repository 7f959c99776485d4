/** Every bound on who may call the management API. What tokens may be is in `tokenRules`. */
export const authorizationLimits = {
  /** In the whole service; as in one of Azure's subscriptions. */
  roleAssignmentsMax: 4_000,
  roleDefinitionsMax: 500,
  /** Tokens whose signature is not checked again until they expire; beyond, that of the one longest kept is. */
  tokensKeptMax: 10_000,
  /** Bad tokens from one address (of IPv6, one /64) within `failuresWindowMs`: until it is over no signature is checked for it. */
  failuresMax: 30,
  failuresWindowMs: 60_000,
  /** Addresses that sent bad tokens; beyond, the one longest known is forgotten. */
  failingAddressesMax: 10_000,
} as const;
