/**
 * Which module wrote a value. The type's id is nine characters of six bits, and below them a version of ten.
 *
 * Source: src/module.c of Redis 7, moduleTypeNameByID.
 */
const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const nameLength = 9;
const versionBits = 10n;

/** The name of the module's type, as the module itself chose it, and the version of what it writes. */
export function moduleNameOf(typeId: bigint): { name: string; version: number } {
  let rest = typeId >> versionBits;
  let name = "";
  for (let index = 0; index < nameLength; index++) {
    name = characters[Number(rest & 63n)] + name;
    rest >>= 6n;
  }
  return { name, version: Number(typeId & 1023n) };
}
