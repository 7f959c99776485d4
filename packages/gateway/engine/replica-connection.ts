/**
 * A shared connection to a replica that stands in for its primary. A replica may cease to have data that can be read, as it
 * begins to be copied to: what it then refuses is no answer for a client. The connection is closed at that point, and the
 * reads that are not answered are asked again elsewhere.
 */
import { ReplyScanner } from "@larder/resp";
import { limits } from "../limits.ts";
import { refusalAt, unreadableRefusals } from "./refusal.ts";
import { SharedConnection } from "./shared-connection.ts";

export class ReplicaConnection extends SharedConnection {
  readonly #scanner = new ReplyScanner(limits.replyBulkBytesMax);
  /** The beginning of what may be a refusal. */
  #kept: Buffer | null = null;

  override onReplies(arrived: Buffer): void {
    const bytes = this.#kept === null ? arrived : Buffer.concat([this.#kept, arrived]);
    this.#kept = null;
    let position = 0;
    while (position < bytes.length && !this.#scanner.malformed) {
      const found = this.#scanner.isInside ? "no" : refusalAt(bytes, position, unreadableRefusals);
      if (found !== "no") {
        if (position > 0) super.onReplies(bytes.subarray(0, position));
        if (found === "yes") this.close();
        else this.#kept = Buffer.from(bytes.subarray(position));
        return;
      }
      position = this.#scanner.next(bytes, position, bytes.length);
    }
    super.onReplies(bytes);
  }
}
