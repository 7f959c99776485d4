/** What channels count. Instruments are made at the first use, so that a meter provider that is registered after the import is used. */
import { type Counter, metrics } from "@opentelemetry/api";

function counter(name: string, description: string): () => Counter {
  let made: Counter | undefined;
  return () => {
    made ??= metrics.getMeter("@larder/client").createCounter(name, { description });
    return made;
  };
}

export const published = counter("larder.client.channel.published", "Messages published by this process.");
export const gapsTold = counter(
  "larder.client.channel.gaps",
  "Times a listener was told that it may have missed messages.",
);
export const historyReads = counter("larder.client.channel.history_reads", "Pages of histories read from the server.");
