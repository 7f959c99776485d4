/**
 * One call of the management API, as it is written down: who, from where, what, and how it ended. Never what was in a body, a header or
 * the query: there are secrets in them.
 */
export interface AuditRecord {
  /** ISO 8601. */
  time: string;
  /** null: nobody that is known. */
  caller: { kind: string; objectId: string; name: string } | null;
  address: string;
  method: string;
  path: string;
  apiVersion: string | null;
  action: string | null;
  scope: string | null;
  status: number;
  /** Of the refusal or failure. */
  code: string | null;
  /** Why the caller was not let in. */
  reason: string | null;
  requestId: string;
  correlationId: string;
  durationMs: number;
}

/** Whether it changed or did something, or was to: what the activity log has. Who may not do it at all cannot fill that. */
export function isActivity({ method, action, status, scope }: AuditRecord): boolean {
  const isRead = method === "GET" || method === "HEAD" || method === "OPTIONS" || action?.endsWith("/read") === true;
  return !isRead && scope !== null && ![401, 403, 429].includes(status);
}
