/**
 * Private networks: an operator's names for addresses at which the gateway serves caches that have an approved private endpoint there,
 * and only those. As an option has one: NAME=ADDRESS, or NAME=ADDRESS@NAMESPACE for an address inside of a network namespace, which
 * is a name under /run/netns or a path.
 */
import { LarderError } from "./errors.ts";
import { isEveryAddress } from "./host-text.ts";
import { parseIpAddress } from "./ip-address.ts";
import { isSameName } from "./names.ts";

export interface PrivateNetwork {
  /** Compared without case, as it stands for a subnet. */
  name: string;
  address: string;
  /** The namespace's path; null: that of the gateway. */
  namespace: string | null;
}

const networksMax = 64;
const namePattern = /^[a-z0-9][\w.-]{0,79}$/i;

/** Throws ConfigInvalid. `host` is where the gateway listens for everybody. */
export function parsePrivateNetworks(texts: readonly string[], host: string): PrivateNetwork[] {
  const refuse = (message: string): never => {
    throw new LarderError("ConfigInvalid", `--private-network: ${message}.`);
  };
  if (texts.length > networksMax) refuse(`there may be at most ${networksMax}`);
  const networks = texts.map(
    (text) => parse(text) ?? refuse(`"${text}" is not NAME=ADDRESS or NAME=ADDRESS@NAMESPACE`),
  );
  for (const [index, network] of networks.entries()) {
    const before = networks.slice(0, index);
    if (before.some(({ name }) => isSameName(name, network.name))) refuse(`"${network.name}" is there twice`);
    if (before.some((other) => isSamePlace(other, network))) refuse(`${network.address} has two names`);
    if (network.namespace === null && covers(host, network.address))
      refuse(
        `--host ${host} is open to everybody and includes ${network.address}; --host has to name another address, or the network a namespace`,
      );
  }
  return networks;
}

function parse(text: string): PrivateNetwork | undefined {
  const equals = text.indexOf("=");
  const [address = "", namespace, ...rest] = text.slice(equals + 1).split("@");
  const name = text.slice(0, Math.max(equals, 0));
  if (!namePattern.test(name) || parseIpAddress(address) === null || namespace === "" || rest.length > 0)
    return undefined;
  return { name, address, namespace: namespace === undefined ? null : pathOf(namespace) };
}

function pathOf(namespace: string): string {
  return namespace.includes("/") ? namespace : `/run/netns/${namespace}`;
}

function isSamePlace(a: PrivateNetwork, b: PrivateNetwork): boolean {
  return a.namespace === b.namespace && parseIpAddress(a.address) === parseIpAddress(b.address);
}

function covers(host: string, address: string): boolean {
  return isEveryAddress(host) || parseIpAddress(host) === parseIpAddress(address);
}
