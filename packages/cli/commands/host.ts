/** `larder host …`: the machines of the service. */
import type { HostResource, JoinToken } from "@larder/api/host-protocol";
import type { ManagementClient } from "@larder/api/management-client";
import { type CommonOptions, openContext } from "../command-context.ts";
import { CommandError } from "../failure.ts";
import { fillsInTheWay, formatHostTable } from "../host-view.ts";
import { quoteForShell } from "../snippet/shell-quote.ts";
import type { Colors } from "../terminal.ts";

export interface AddOptions extends CommonOptions {
  address?: string;
  zone?: string;
  name?: string;
}

export async function listHosts(options: CommonOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const hosts = await client.listHosts();
  print(hosts, () => (hosts.length === 0 ? "No host has been heard yet.\n" : formatHostTable(hosts, terminal.colors)));
}

export async function addHost(options: AddOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const token = await client.createJoinToken();
  print({ ...token, command: joinCommand(token, options) }, () => formatToken(token, options, terminal.colors));
}

export async function drainHost(name: string, options: CommonOptions & { undo?: boolean }): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { hostId } = await findHost(client, name);
  const host = await client.drainHost(hostId, options.undo ? "undrain" : "drain");
  print(host, () => `${formatDrain(host, terminal.colors)}\n`);
}

export async function removeHost(name: string, options: CommonOptions & { force?: boolean }): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const host = await findHost(client, name);
  await client.removeHost(host.hostId, { force: options.force === true });
  print(
    { hostId: host.hostId, name: host.name, removed: true },
    () => `${terminal.colors.green("Removed")} ${host.name}\n`,
  );
}

/** By its name in any case, or its id. Throws ResourceNotFound. */
async function findHost(client: ManagementClient, name: string): Promise<HostResource> {
  const hosts = await client.listHosts();
  const found = hosts.find((host) => host.hostId === name || host.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw new CommandError(
    "ResourceNotFound",
    `There is no host named ${name}.`,
    "`larder host list` shows the hosts that there are",
  );
}

function formatDrain(host: HostResource, colors: Colors): string {
  const { name, draining, nodes } = host;
  if (!draining) return `${colors.green("Active")} ${name}: it may have nodes again`;
  const own = nodes.filter(({ fill }) => fill === null).length;
  const leaving =
    own > 0
      ? `${own === 1 ? "its node moves" : `its ${own} nodes move`} elsewhere`
      : nodes.length === 0
        ? "it has no nodes"
        : "";
  const lines = fillsInTheWay(host).map((line) => `\n  it waits for ${line}`);
  return `${colors.yellow("Draining")} ${name}: ${[leaving, "it gets no others"].filter(Boolean).join(", and ")}${lines.join("")}`;
}

function formatToken(token: JoinToken, options: AddOptions, colors: Colors): string {
  const minutes = "for one machine, within 15 minutes";
  const lines = [
    `${colors.bold("Token")} ${colors.dim(`(${minutes})`)}`,
    token.token,
    "",
    `${colors.bold("On the other machine")} ${colors.dim("(paste it; Larder has to be installed there)")}`,
    joinCommand(token, options),
  ];
  if (options.address === undefined)
    lines.push(
      "",
      colors.dim("ADDRESS is the IP address at which other hosts reach that machine; --address fills it in."),
    );
  return `${lines.join("\n")}\n`;
}

/** The token goes into a file: arguments are for all users of a machine to read. */
function joinCommand({ token, joinUrl }: JoinToken, { address, zone, name }: AddOptions): string {
  const flags = [
    ["--join", joinUrl],
    ["--token-file", "join-token"],
    ["--address", address ?? "ADDRESS"],
    ...(zone === undefined ? [] : [["--zone", zone]]),
    ...(name === undefined ? [] : [["--name", name]]),
  ];
  const command = `larder agent ${flags.map(([flag, value]) => `${flag} ${quoteForShell(value as string)}`).join(" ")}`;
  return `(umask 077; echo ${token} > join-token)\n${command}`;
}
