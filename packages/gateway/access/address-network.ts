/** By what somebody is counted who comes from an address: an IPv4 address itself, of an IPv6 address the first 64 bits. */
import { isIPv6 } from "node:net";

/** What is no address stands for itself. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail = ""] = (address.split("%")[0] as string).split("::");
  const first = groupsOf(head);
  const last = groupsOf(tail);
  const isWhole = !address.includes("::");
  const zeros = isWhole ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...Array<string>(zeros).fill("0"), ...last];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}

/** An IPv4 address at the end stands for two groups; of these only their number counts here. */
function groupsOf(text: string): string[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => (group.includes(".") ? ["0", "0"] : [group]));
}
