/** The other server of a way back, once it has said what it is. */
import { findPrimaries } from "../remote/source-primaries.ts";
import { ClusterWriter, type ClusterWriterOptions } from "./cluster-writer.ts";
import { type Target, whileReachable } from "./target.ts";
import { TargetWriter } from "./target-writer.ts";

export async function openTarget(options: ClusterWriterOptions): Promise<Target> {
  const { topology } = await whileReachable(options, () => findPrimaries(options.target, options.signal));
  return topology === "cluster" ? new ClusterWriter(options) : new TargetWriter(options);
}
