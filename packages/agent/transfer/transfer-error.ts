/**
 * Why a transfer cannot be carried out. The message goes to the cache's owner: it names file, offset and cause, and never a
 * password or a signature. What is thrown otherwise is a bug or an operating failure below, and shows as such.
 */
export type TransferErrorCode =
  /** The file is no RDB, is damaged, or is of a kind that cannot be loaded. */
  | "BadFile"
  /** What it holds does not fit into the node's memory. */
  | "OutOfMemory"
  /** The node is not what the transfer needs. */
  | "Conflict"
  /** The engine cannot do it. */
  | "NotSupported"
  /** The engine ended, or closed the connection. */
  | "EngineLost"
  /** The other server refused. */
  | "SourceRefused"
  /** The other server was lost, or says what makes no sense. */
  | "SourceLost";

export class TransferError extends Error {
  readonly code: TransferErrorCode;
  /** Whether another attempt may end better without anybody's doing. */
  readonly isRetryable: boolean;

  constructor(code: TransferErrorCode, message: string, options: { isRetryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TransferError";
    this.code = code;
    this.isRetryable = options.isRetryable ?? false;
  }
}
