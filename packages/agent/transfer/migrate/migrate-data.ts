/** A migration, by the method that the source allows. */
import type { Transfer } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";
import type { MigrateContext } from "./replicated-copy.ts";
import { ReplicationMigration } from "./replication-migration.ts";

export function migrateData(context: MigrateContext): Transfer {
  const { spec, engine } = context;
  if (!engine.isIntake) throw new TransferError("Conflict", "The node is not being filled.");
  if (spec.filter.types.length > 0)
    throw new TransferError("NotSupported", "A migration cannot choose types: a stream of changes does not have them.");
  if (spec.method === "scan") throw new TransferError("NotSupported", "The method scan is not built yet.");
  return new ReplicationMigration(context);
}
