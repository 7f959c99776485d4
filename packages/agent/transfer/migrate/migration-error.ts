/** What went wrong with a migration, as its owner is told of it. */
import { TransferError } from "../transfer-error.ts";
import { BadStream } from "./command-frames.ts";
import { CannotFollow } from "./stream-plan.ts";

/** A fault of ours stays what it is: it is logged where it ends up. */
export function inWords(error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  if (error instanceof CannotFollow) return new TransferError("SourceRefused", error.message, { cause: error });
  // Another copy may be whole.
  if (error instanceof BadStream)
    return new TransferError("SourceLost", error.message, { isRetryable: true, cause: error });
  throw error;
}

/** It was tried often enough: nobody else is to try it again. */
export function atLast(error: TransferError): TransferError {
  if (!error.isRetryable || error.code === "EngineLost") return error;
  return new TransferError(error.code, error.message, { cause: error });
}
