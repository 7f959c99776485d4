/** `larder principal …`: who may sign in at the service's own identity provider. */
import type { ManagementClient } from "@larder/api/management-client";
import type { IssuedSecret, PrincipalCreateBody, PrincipalResource } from "@larder/api/principal-protocol";
import { systemClock } from "../clock.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { isAgreed } from "../consent.ts";
import { CommandError } from "../failure.ts";
import { givenPassword } from "../password-input.ts";
import { formatIssued, formatPrincipalTable } from "../principal-view.ts";

export interface SecretOptions extends CommonOptions {
  days?: string;
  passwordFile?: string;
}

export async function listPrincipals(options: CommonOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const principals = await client.principals.list();
  print(principals, () =>
    principals.length === 0
      ? "Nobody yet. Add an application or a user: larder principal add --help\n"
      : formatPrincipalTable(principals, { colors: terminal.colors, nowMs: systemClock.nowMs() }),
  );
}

export async function addPrincipal(
  name: string,
  options: SecretOptions & { user?: boolean; displayName?: string },
): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const secretDays = daysOf(options);
  requireFitting(options, options.user === true);
  const body: PrincipalCreateBody = {
    kind: options.user ? "user" : "application",
    name,
    ...(options.displayName === undefined ? {} : { displayName: options.displayName }),
    ...(options.user ? { password: await givenPassword({ name, file: options.passwordFile }, terminal) } : {}),
    ...(secretDays === undefined ? {} : { secretDays }),
  };
  const made = await client.principals.create(body);
  const { green } = terminal.colors;
  print(made, () => {
    const title = `${green("Added")} the ${made.kind} ${made.name}, object id ${made.objectId}\n`;
    return made.issued === null ? title : `${title}\n${formatIssued(made, made.issued, terminal.colors)}`;
  });
}

export async function removePrincipal(name: string, options: CommonOptions & { yes?: boolean }): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const principal = await findPrincipal(client, name);
  const question = `Remove the ${principal.kind} ${principal.name}?`;
  if (!options.yes && !(await isAgreed({ doing: `Removing ${principal.name}`, question }, terminal))) return;
  await client.principals.remove(principal.objectId);
  print(
    { objectId: principal.objectId, name: principal.name, removed: true },
    () => `${terminal.colors.green("Removed")} the ${principal.kind} ${principal.name}\n`,
  );
}

export async function renewSecret(name: string, options: SecretOptions & { replace?: boolean }): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const secretDays = daysOf(options);
  const principal = await findPrincipal(client, name);
  requireFitting(options, principal.kind === "user");
  if (principal.kind === "user") {
    const password = await givenPassword({ name: principal.name, file: options.passwordFile }, terminal);
    await client.principals.setPassword(principal.objectId, password);
    const text = `${terminal.colors.green("Set")} the password of ${principal.name}, whose sign-ins have ended\n`;
    return print({ objectId: principal.objectId, name: principal.name }, () => text);
  }
  const replace = options.replace === true;
  const wanted = { replace, ...(secretDays === undefined ? {} : { secretDays }) };
  const issued: IssuedSecret = await client.principals.addSecret(principal.objectId, wanted);
  const others = replace ? "the others are refused from now on" : "the others are accepted until they expire";
  print(
    issued,
    () =>
      `${terminal.colors.green("Made")} a secret for ${principal.name}; ${others}\n\n${formatIssued(principal, issued, terminal.colors)}`,
  );
}

/** By name or by any of its ids. Throws ResourceNotFound, and InvalidParameter where a user and an application have the name. */
async function findPrincipal(client: ManagementClient, name: string): Promise<PrincipalResource> {
  const wanted = name.toLowerCase();
  const found = (await client.principals.list()).filter((principal) =>
    [principal.name, principal.objectId, principal.applicationId].some((known) => known?.toLowerCase() === wanted),
  );
  const [principal, other] = found;
  if (principal === undefined)
    throw new CommandError(
      "ResourceNotFound",
      `There is nobody named ${name}.`,
      "`larder principal list` shows who there is",
    );
  if (other === undefined) return principal;
  const ids = found.map(({ kind, objectId }) => `${kind} ${objectId}`).join(", ");
  throw new CommandError(
    "InvalidParameter",
    `There are a user and an application named ${name}.`,
    `name one by its id: ${ids}`,
  );
}

function requireFitting(options: SecretOptions & { replace?: boolean }, isUser: boolean): void {
  const unfit = isUser ? options.days !== undefined || options.replace === true : options.passwordFile !== undefined;
  if (!unfit) return;
  const text = isUser
    ? "A user has a password, which does not expire: --days and --replace are for applications."
    : "An application gets a secret that is made for it: --password-file is for users.";
  throw new CommandError("InvalidParameter", text, "`larder principal list` shows which is which");
}

function daysOf({ days }: SecretOptions): number | undefined {
  if (days === undefined) return undefined;
  if (/^\d{1,4}$/.test(days)) return Number(days);
  throw new CommandError("InvalidParameter", `--days must be a whole number, not "${days}".`, "for example --days 90");
}
