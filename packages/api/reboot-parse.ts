/** The untrusted body of `forceReboot`. What is to be rebooted is never guessed: of a cache without replicas the data is lost. */
import { z } from "zod";
import { choice, parseBody, wholeNumber } from "./body-values.ts";

export const rebootTypes = ["PrimaryNode", "SecondaryNode", "AllNodes"] as const;
export type RebootType = (typeof rebootTypes)[number];

const reboot = z.object({
  rebootType: choice(rebootTypes),
  shardId: wholeNumber.refine((shard) => shard === 0, "must be 0 or left out, as the cache has one shard").optional(),
  ports: z
    .array(z.unknown(), "must be a list")
    .max(0, "cannot choose nodes, as all share the cache's port; use 'rebootType'")
    .optional(),
});

/** Throws InvalidRequestBody or InvalidParameter. */
export function parseReboot(body: unknown): RebootType {
  return (parseBody(reboot, body) as z.output<typeof reboot>).rebootType;
}
