/** What the id of a resource says. Pure. */

/** From "/subscriptions/ID/resourceGroups/GROUP/…". */
export function resourceGroupOf({ id }: { id: string }): string {
  return id.split("/")[4] ?? "";
}
