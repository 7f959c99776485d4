/** The bytes that stand where a type byte could, as in src/rdb.h of Redis and Valkey. */
export const Opcode = {
  /** Redis Enterprise, of the key that follows: when it was last used, and its slot. As librdb reads them. */
  enterpriseUse: 107,
  enterpriseSlot: 121,
  /** Redis 8.6: what modules store with the key that follows. Valkey 9: an import of slots that is under way. */
  keyMetadataOrSlotImport: 243,
  slotInfo: 244,
  function: 245,
  /** Only release candidates of Redis 7.0 wrote it, and no release reads it. */
  functionPreGa: 246,
  moduleAux: 247,
  idle: 248,
  frequency: 249,
  aux: 250,
  resize: 251,
  expiresAtMs: 252,
  expiresAtSeconds: 253,
  database: 254,
  end: 255,
} as const;

const lowestCommon = Opcode.keyMetadataOrSlotImport;

export function isOpcode(byte: number): boolean {
  return byte >= lowestCommon || byte === Opcode.enterpriseUse || byte === Opcode.enterpriseSlot;
}
