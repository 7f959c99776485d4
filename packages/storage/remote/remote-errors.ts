/** What a remote storage's answer means, by its HTTP status and the code in it. The codes are those of Azure Blob Storage and of S3. */
import { StorageError, type StorageErrorCode } from "../storage-error.ts";

export interface RemoteFailure {
  /** undefined where no answer came. */
  status: number | undefined;
  /** The service's code, or the system's for a connection; anything else that is in it is left out. */
  code: string | undefined;
}

const byCode: Record<string, StorageErrorCode> = {
  QuotaExceeded: "Full",
  InsufficientCapacity: "Full",
  InsufficientStorage: "Full",
  AccountCapacityExceeded: "Full",
  XMinioStorageFull: "Full",
  EntityTooLarge: "TooLarge",
  RequestBodyTooLarge: "TooLarge",
  BlockCountExceedsLimit: "TooLarge",
  InvalidBlockList: "Changed",
  InvalidPart: "Changed",
  NoSuchUpload: "Changed",
  ExpiredToken: "Forbidden",
  InvalidToken: "Forbidden",
  RequestTimeout: "Unavailable",
  SlowDown: "Unavailable",
  ServerBusy: "Unavailable",
  OperationAborted: "Unavailable",
};

const byStatus: Record<number, StorageErrorCode> = {
  401: "Forbidden",
  403: "Forbidden",
  404: "NotFound",
  408: "Unavailable",
  410: "NotFound",
  412: "Changed",
  413: "TooLarge",
  416: "Changed",
  429: "Unavailable",
  507: "Full",
};

/** Whether a Content-Range is of what was asked for: a server that knows no ranges answers with the whole file. */
export function isRangeFrom(contentRange: string | undefined, offset: number): boolean {
  return contentRange?.startsWith(`bytes ${offset}-`) === true;
}

export function remoteError(failure: RemoteFailure, about: { file?: string; offset?: number }): StorageError {
  const { status, code } = failure;
  const word = code !== undefined && /^[A-Za-z][A-Za-z0-9_.]{0,63}$/.test(code) ? code : undefined;
  const detail = [status === undefined ? undefined : `HTTP ${status}`, word].filter((part) => part !== undefined);
  return new StorageError(codeOf(status, word), { ...about, detail: detail.join(" ") || "no answer" });
}

function codeOf(status: number | undefined, word: string | undefined): StorageErrorCode {
  const named = word === undefined ? undefined : byCode[word];
  if (named !== undefined) return named;
  if (status === undefined || (status >= 500 && status !== 501 && status !== 507)) return "Unavailable";
  return byStatus[status] ?? "Failed";
}
