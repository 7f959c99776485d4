/** Principals as people read them. Pure. */
import type { IssuedSecret, PrincipalResource } from "@larder/api/principal-protocol";
import { formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";

export function formatPrincipalTable(
  principals: readonly PrincipalResource[],
  { colors, nowMs }: { colors: Colors; nowMs: number },
): string {
  const heading = ["NAME", "KIND", "OBJECT ID", "CLIENT ID", "SECRETS"].map((text) => colors.dim(text));
  const rows = principals.map((principal) => [
    colors.bold(principal.name),
    principal.kind,
    principal.objectId,
    principal.applicationId ?? "-",
    formatSecrets(principal, { colors, nowMs }),
  ]);
  return formatTable([heading, ...rows]);
}

/** For whom a secret is, and the secret: nothing shows it again. */
export function formatIssued(
  { applicationId }: Pick<PrincipalResource, "applicationId">,
  { secret, expiresAt }: IssuedSecret,
  colors: Colors,
): string {
  return `${formatTable([
    [colors.dim("client id"), applicationId ?? ""],
    [colors.dim("secret"), secret],
    [colors.dim("expires"), expiresAt.slice(0, 10)],
  ])}\n${colors.dim("The secret is shown this once.")}\n`;
}

function formatSecrets(
  { kind, secrets }: PrincipalResource,
  { colors, nowMs }: { colors: Colors; nowMs: number },
): string {
  if (kind === "user") return "-";
  const good = secrets.filter(({ expiresAt }) => Date.parse(expiresAt) > nowMs);
  if (good.length === 0) return colors.red("none that is accepted");
  const last = good
    .map(({ expiresAt }) => expiresAt.slice(0, 10))
    .sort()
    .at(-1);
  return `${good.length}, until ${last}`;
}
