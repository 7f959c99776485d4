/** A migration, by the method that its owner wants and the source allows. */
import { ScanMigration } from "../scan/scan-migration.ts";
import type { LeadOrder, Transfer } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";
import type { MigrateContext } from "./replicated-copy.ts";
import { ReplicationMigration } from "./replication-migration.ts";
import { ReplicationForbidden } from "./source-follower.ts";

export function migrateData(context: MigrateContext): Transfer {
  const { spec, engine } = context;
  if (!engine.isIntake) throw new TransferError("Conflict", "The node is not being filled.");
  // A stream of changes has no types.
  const needsKeys = spec.filter.types.length > 0;
  if (needsKeys && spec.method === "replication")
    throw new TransferError("NotSupported", "By replication types cannot be chosen: a stream of changes has none.");
  if (spec.method === "scan" || needsKeys || engine.takeFrom === null) return new ScanMigration(context);
  return spec.method === "replication" ? new ReplicationMigration(context) : new AnyMigration(context);
}

/** By replication, and where that is forbidden, key by key. */
class AnyMigration implements Transfer {
  readonly #context: MigrateContext;
  #spec: MigrateContext["spec"];
  #now: ReplicationMigration | ScanMigration;

  constructor(context: MigrateContext) {
    this.#context = context;
    this.#spec = context.spec;
    this.#now = new ReplicationMigration(context);
  }

  async run(): Promise<void> {
    try {
      await this.#now.run();
    } catch (error) {
      if (!(error instanceof ReplicationForbidden)) throw error;
      this.#context.progress.begin(this.#context.engine.runId);
      await this.#context.engine.takeFrom?.(null);
      this.#now = new ScanMigration({ ...this.#context, spec: this.#spec });
      await this.#now.run();
    }
  }

  want(spec: MigrateContext["spec"]): void {
    this.#spec = spec;
    this.#now.want(spec);
  }

  finish(order: LeadOrder): Promise<void> {
    return this.#now.finish(order);
  }

  goOn(): void {
    this.#now.goOn();
  }
}
