/** `node queue-consumer.mjs URL`: takes orders until it is killed; each adds one to its own counter, once. */
import { connect } from "@larder/client";
import { createQueue } from "@larder/client/messaging";
import { serve } from "./serve.mjs";

const [url] = process.argv.slice(2);
const queue = createQueue("kills", {
  server: connect(url),
  lease: "2s",
  retries: 1_000,
  backoff: { type: "fixed", delay: "10ms" },
});
queue.process(({ id }, { once }) => once([["HINCRBY", "{kills}:effects", String(id), 1]]), { concurrency: 16 });
serve({});
