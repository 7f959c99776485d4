/** Whose connections begin with a PROXY header: addresses and networks, as an option names them. */
import { BlockList, isIP } from "node:net";
import { LarderError } from "@larder/api";

/** "10.0.0.0/8, ::1". Null where nothing is given. Throws ConfigInvalid. */
export function parseProxySources(text: string | undefined): BlockList | null {
  if (text === undefined) return null;
  const list = new BlockList();
  for (const part of text.split(",")) add(list, part.trim());
  return list;
}

function add(list: BlockList, part: string): void {
  const [address = "", length, ...rest] = part.split("/");
  const family = isIP(address);
  const bits = family === 6 ? 128 : 32;
  const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
  if (family === 0 || !isLength || rest.length > 0)
    throw new LarderError(
      "ConfigInvalid",
      `--proxy-protocol-from: "${part}" is neither an address nor a network such as 10.0.0.0/8.`,
    );
  list.addSubnet(address, Number(length ?? bits), family === 6 ? "ipv6" : "ipv4");
}
