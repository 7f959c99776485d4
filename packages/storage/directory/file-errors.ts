/** What the file system says, as storage errors. */
import { StorageError, type StorageErrorCode } from "../storage-error.ts";

const codes: Record<string, StorageErrorCode> = {
  ENOENT: "NotFound",
  ENOTDIR: "NotFound",
  EISDIR: "NotFound",
  EACCES: "Forbidden",
  EPERM: "Forbidden",
  EROFS: "Forbidden",
  ELOOP: "NotAllowed",
  ENOSPC: "Full",
  EDQUOT: "Full",
  EFBIG: "TooLarge",
  ENAMETOOLONG: "InvalidName",
  EMFILE: "Unavailable",
  ENFILE: "Unavailable",
  EAGAIN: "Unavailable",
  ESTALE: "Unavailable",
  ETIMEDOUT: "Unavailable",
};

/** The result of `call`, whose errors are the file's. */
export async function fileCall<T>(about: { file: string; offset?: number }, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof StorageError) throw error;
    const code = errnoOf(error);
    throw new StorageError(codes[code] ?? "Failed", { ...about, detail: code });
  }
}

/** "ENOENT". Other errors of the runtime give their name. */
export function errnoOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException;
  return code ?? name ?? "unknown";
}

/** undefined where there is no such file. */
export async function unlessAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
