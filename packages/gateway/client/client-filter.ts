/**
 * Which clients CLIENT LIST and CLIENT KILL are about: the options as Valkey 8.0 takes them, with its words for what it
 * does not take, and whether a client passes. Pure, and a filter is plain data: it also goes to other workers.
 */

/** Clients of the gateway are of the first two kinds; Valkey has two more. */
const kinds = { normal: "normal", pubsub: "pubsub", replica: "replica", slave: "replica", primary: "primary", master: "primary" } as const; // biome-ignore format: a table
export type ClientKind = (typeof kinds)[keyof typeof kinds];

/** What is null or absent lets all pass. */
export interface ClientFilter {
  ids: number[] | null;
  address: string | null;
  localAddress: string | null;
  kind: ClientKind | null;
  user: string | null;
  ageSecondsMin: number;
  /** Passes in no case. */
  exceptId: number;
}

export const everybody: ClientFilter = {
  ids: null,
  address: null,
  localAddress: null,
  kind: null,
  user: null,
  ageSecondsMin: 0,
  exceptId: 0,
};

/** What a filter looks at. */
export interface FilteredClient {
  id: number;
  address: string;
  localAddress: string;
  kind: ClientKind;
  user: string;
  ageSeconds: number;
}

export function passes(client: FilteredClient, filter: ClientFilter): boolean {
  return (
    (filter.ids === null || filter.ids.includes(client.id)) &&
    (filter.address === null || filter.address === client.address) &&
    (filter.localAddress === null || filter.localAddress === client.localAddress) &&
    (filter.kind === null || filter.kind === client.kind) &&
    (filter.user === null || filter.user === client.user) &&
    client.ageSeconds >= filter.ageSecondsMin &&
    client.id !== filter.exceptId
  );
}

export interface FilterError {
  error: string;
}

const syntaxError: FilterError = { error: "ERR syntax error" };

/** The words after CLIENT LIST. */
export function parseListOptions(words: readonly string[]): ClientFilter | FilterError {
  if (words.length === 0) return everybody;
  const option = words[0]?.toLowerCase();
  if (option === "type" && words.length === 2) return withKind(everybody, words[1] as string);
  if (option !== "id" || words.length < 2) return syntaxError;
  const ids = words.slice(1).map(parseInteger);
  return ids.includes(undefined) ? { error: "ERR Invalid client ID" } : { ...everybody, ids: ids as number[] };
}

/** The words after CLIENT KILL: an address, or at least two words of options. `own` is the id of the client that asks. */
export function parseKillOptions(
  words: readonly string[],
  context: { own: number; users: readonly string[] },
): ClientFilter | FilterError {
  if (words.length === 1) return { ...everybody, address: words[0] as string };
  let filter: ClientFilter | FilterError = { ...everybody, exceptId: context.own };
  for (let index = 0; index < words.length && !("error" in filter); index += 2)
    filter = withOption(filter, words[index] as string, words[index + 1], context);
  return filter;
}

function withOption(
  filter: ClientFilter,
  option: string,
  value: string | undefined,
  context: { own: number; users: readonly string[] },
): ClientFilter | FilterError {
  if (value === undefined) return syntaxError;
  switch (option.toLowerCase()) {
    case "id": {
      const id = parseInteger(value) ?? 0;
      return id > 0 ? { ...filter, ids: [id] } : { error: "ERR client-id should be greater than 0" };
    }
    case "maxage": {
      const seconds = parseInteger(value);
      if (seconds === undefined) return { error: "ERR maxage is not an integer or out of range" };
      return seconds > 0 ? { ...filter, ageSecondsMin: seconds } : { error: "ERR maxage should be greater than 0" };
    }
    case "type":
      return withKind(filter, value);
    case "addr":
      return { ...filter, address: value };
    case "laddr":
      return { ...filter, localAddress: value };
    case "user":
      return context.users.includes(value) ? { ...filter, user: value } : { error: `ERR No such user '${value}'` };
    case "skipme":
      if (!/^(yes|no)$/i.test(value)) return syntaxError;
      return { ...filter, exceptId: value.toLowerCase() === "yes" ? context.own : 0 };
    default:
      return syntaxError;
  }
}

function withKind(filter: ClientFilter, name: string): ClientFilter | FilterError {
  const lower = name.toLowerCase();
  if (!Object.hasOwn(kinds, lower)) return { error: `ERR Unknown client type '${name}'` };
  return { ...filter, kind: kinds[lower as keyof typeof kinds] };
}

const integerMin = -(2n ** 63n);
const integerMax = 2n ** 63n - 1n;

/** As Valkey reads one: 64 bits, no blanks, no leading zeros. Past 2^53 it is not exact, and no client's id. */
export function parseInteger(text: string): number | undefined {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= integerMin && value <= integerMax ? Number(value) : undefined;
}
