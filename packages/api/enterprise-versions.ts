/** Versions of `Microsoft.Cache/redisEnterprise`, and what the implicit values are of properties that an older one did not have. */

export const enterpriseApiVersion = "2025-07-01";
/** What Larder's own client speaks: the newest that is no preview, as older ones do not know all that there is. */
export const enterpriseOwnVersion = "2026-09-01";

export const enterpriseApiVersions = [
  "2021-03-01",
  "2021-08-01",
  "2022-01-01",
  "2023-03-01-preview",
  "2023-07-01",
  "2023-10-01-preview",
  "2023-11-01",
  "2024-02-01",
  "2024-03-01-preview",
  "2024-06-01-preview",
  "2024-09-01-preview",
  "2024-10-01",
  "2025-04-01",
  "2025-05-01-preview",
  enterpriseApiVersion,
  "2025-08-01-preview",
  "2026-02-01-preview",
  "2026-05-01-preview",
  "2026-06-01-preview",
  enterpriseOwnVersion,
  "2026-10-01-preview",
] as const;

/** It is dated 2024-10-01, and is older than the preview before it. */
const withoutKeySwitch = "2024-10-01";

/** Where a database of the version says nothing of access keys: before they could be turned off they were on. */
export function hasKeysByDefault(version: string): boolean {
  return version < "2024-09-01-preview" || version === withoutKeySwitch;
}

/** From then on every new cluster says whether it is reached from public networks. */
export function knowsPublicNetworkAccess(version: string): boolean {
  return version >= "2025-05-01-preview";
}

/** From then on an assignment may name what its user may do, and need not name a policy. */
export function knowsAccessString(version: string): boolean {
  return version >= "2026-05-01-preview";
}
