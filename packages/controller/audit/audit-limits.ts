/** How much is kept of what was called. */
export const auditLimits = {
  /** Of `audit.log`; then it becomes `audit.log.1`, and so on. */
  fileBytesMax: 32 * 1024 * 1024,
  filesMax: 10,
  /** Of the calls that changed or did something, which have a file of their own, as they are few beside those that read. */
  activityFileBytesMax: 16 * 1024 * 1024,
  activityFilesMax: 2,
  activityRecordsMax: 10_000,
  activityAgeMaxMs: 90 * 24 * 3_600_000,
  /** A record is on the disk after so long: what a crash can lose. */
  writeDelayMs: 50,
  /** While the disk takes nothing, records wait; beyond so many they are lost, and counted. */
  recordsWaitingMax: 10_000,
  retryMs: 1_000,
  /** Longer paths are cut. */
  pathLengthMax: 2_048,
} as const;
