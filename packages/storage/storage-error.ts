/**
 * Failures of storage. `retryable`: the same call may work later without anybody's doing; it was tried a bounded number of times
 * already.
 *
 * The libraries' own errors have URLs with signatures and headers with keys in them. None is kept as a cause: only its
 * status and its code get into the text, and only where they look like one.
 */
export const storageErrorTable = {
  NotFound: { retryable: false, text: "there is no such file" },
  Forbidden: { retryable: false, text: "the storage refuses access" },
  SasExpired: { retryable: false, text: "the shared access signature is not valid any more, or not yet" },
  Full: { retryable: false, text: "the storage has no room left" },
  TooLarge: { retryable: false, text: "the file is larger than the storage takes" },
  Changed: { retryable: true, text: "the file was changed or removed meanwhile" },
  ChecksumMismatch: { retryable: false, text: "the file is not what was stored" },
  Unavailable: { retryable: true, text: "the storage does not answer as it should" },
  Slow: { retryable: true, text: "nothing came from the storage for too long" },
  NotAllowed: { retryable: false, text: "the operator does not allow this place" },
  InvalidName: { retryable: false, text: "the file's name is not allowed" },
  InvalidLocation: { retryable: false, text: "the location is not valid" },
  Failed: { retryable: false, text: "the storage failed" },
} as const satisfies Record<string, { retryable: boolean; text: string }>;

export type StorageErrorCode = keyof typeof storageErrorTable;

export class StorageError extends Error {
  readonly code: StorageErrorCode;
  readonly retryable: boolean;
  /** As the caller named it; null where it is about no single file. */
  readonly file: string | null;
  /** How many bytes of the file had been read or written; null where that means nothing. */
  readonly offset: number | null;

  /** `detail`: what more there is to say, without secrets. */
  constructor(code: StorageErrorCode, about: { file?: string; offset?: number; detail?: string } = {}) {
    super(messageOf(code, about));
    this.name = "StorageError";
    this.code = code;
    this.retryable = storageErrorTable[code].retryable;
    this.file = about.file ?? null;
    this.offset = about.offset ?? null;
  }
}

function messageOf(code: StorageErrorCode, about: { file?: string; offset?: number; detail?: string }): string {
  const where = about.offset === undefined ? "" : ` at byte ${about.offset}`;
  const subject = about.file === undefined ? "Storage" : `File '${about.file}'${where}`;
  const detail = about.detail === undefined ? "" : ` (${about.detail})`;
  return `${subject}: ${storageErrorTable[code].text}${detail}.`;
}
