/** What became of a command that failed, and whether to send it again. */

/**
 * refused     the server said no, and did nothing; it would say so again
 * not done    it was not sent, or the server cannot do it now
 * unknown     it may have been executed
 */
export type Fate = "refused" | "not done" | "unknown";

export function fateOf(error: unknown): Fate {
  const { code, message = "" } = error as { code?: string; message?: string };
  if (code === "SERVER_UNREACHABLE" || passing.test(message)) return "not done";
  return serverSaid.test(message) && !executed.test(message) ? "refused" : "unknown";
}

/** Error replies begin with a word in upper case; what libraries say of a lost connection does not. */
const serverSaid = /^[A-Z]{3,} /;
const passing = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY) /;
/** The server has executed it, and lost its replicas or itself before it could confirm. */
const executed = /^(NOREPLICAS|OUTCOMEUNKNOWN) /;
