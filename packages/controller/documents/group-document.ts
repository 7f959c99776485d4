/** A resource group as the store keeps it. `removal` is the operation that deletes it and every cache in it. */
export interface GroupDocument {
  name: string;
  subscription: string;
  location: string;
  tags: Record<string, string>;
  removal: { operationId: string } | null;
}
