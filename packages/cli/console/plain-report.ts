/** Commands that answer with text for people. redis-cli prints it as it is, without quotes and escapes. */
const reports = new Set([
  "LATENCY DOCTOR",
  "LATENCY GRAPH",
  "MEMORY DOCTOR",
  "MEMORY MALLOC-STATS",
  "CLUSTER NODES",
  "CLUSTER INFO",
  "CLIENT LIST",
  "CLIENT INFO",
]);

export function isPlainReport(args: readonly Buffer[]): boolean {
  const [command = "", subcommand = ""] = args.map((arg) => arg.toString().toUpperCase());
  return command === "INFO" || command === "LOLWUT" || reports.has(`${command} ${subcommand}`);
}
