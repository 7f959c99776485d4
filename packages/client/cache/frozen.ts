/**
 * Values are shared by everybody who asks for them, so nobody may change them. Objects and arrays are frozen all through; the
 * contents of buffers, maps and sets cannot be.
 */
export function deeplyFrozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  // What is frozen already has been here, or refers to itself.
  if (Object.isFrozen(value)) return value;
  Object.freeze(value);
  if (Array.isArray(value)) for (const item of value) deeplyFrozen(item);
  else for (const name in value) deeplyFrozen(value[name]);
  return value;
}
