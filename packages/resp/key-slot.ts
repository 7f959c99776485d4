/**
 * Which of a cluster's 16384 slots a key is in: CRC-16 (XMODEM: polynomial 0x1021, beginning with 0) of the key, or of what
 * stands between its first `{` and the next `}`, where that is not empty. Source: Redis cluster specification.
 */
export const slotCount = 16_384;

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) !== 0 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

export function keySlot(key: Uint8Array): number {
  const open = key.indexOf(0x7b);
  const close = open < 0 ? -1 : key.indexOf(0x7d, open + 1);
  const [start, end] = close > open + 1 ? [open + 1, close] : [0, key.length];
  let crc = 0;
  for (let index = start; index < end; index++)
    crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ (key[index] as number)] as number);
  return crc % slotCount;
}
