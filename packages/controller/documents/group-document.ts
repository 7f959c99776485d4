/** A resource group as the store keeps it. `removal` is the operation that deletes it and every cache in it. */
export interface GroupDocument {
  name: string;
  subscription: string;
  location: string;
  tags: Record<string, string>;
  /** Tells it from the next one of its name; left out where an older Larder made it. */
  groupId?: string;
  removal: { operationId: string } | null;
}
