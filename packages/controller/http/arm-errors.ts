/** Errors as Azure Resource Manager writes them: status, `{"error": {"code", "message", "target"?}}`, and headers. */
import { type ErrorBody, errorTable, LarderError } from "@larder/api";
import type { Context } from "hono";

/** Seconds after which a caller may try again what is not possible right now. */
const retryAfter = "1";

export function errorResponse(context: Context, error: LarderError): Response {
  const { status } = errorTable[error.code];
  const body: ErrorBody = {
    error: {
      code: error.code,
      message: error.message,
      ...(error.target === undefined ? {} : { target: error.target }),
    },
  };
  if (status === 503) context.header("retry-after", retryAfter);
  return context.json(body, status);
}

/** Anything but a LarderError is a fault of ours: the log has it, the caller gets a request id to quote. */
export function asLarderError(error: unknown, requestId: string): LarderError {
  if (error instanceof LarderError) return error;
  return new LarderError("InternalError", `A fault in Larder; the log has the details under request ${requestId}.`, {
    cause: error,
  });
}
