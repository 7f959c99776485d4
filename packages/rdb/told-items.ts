/** What a reader gives, told as lines that can be compared; for tests. */
import type { RdbItem } from "./items.ts";
import type { RdbLimits } from "./limits.ts";
import { RdbReader } from "./reader.ts";

/** Reads bytes in the chunks that end at the cuts. Throws what the reader throws. */
export function tellItems(bytes: Uint8Array, cuts: Iterable<number> = [], limits?: RdbLimits): string[] {
  const reader = new RdbReader(limits);
  const told: string[] = [];
  let from = 0;
  for (const cut of cuts) {
    reader.push(bytes.slice(from, cut));
    from = cut;
    drain(reader, told);
  }
  reader.push(bytes.slice(from));
  drain(reader, told);
  reader.end();
  drain(reader, told);
  return told;
}

/** Parts of one value become one line: where they are cut is free. */
function drain(reader: RdbReader, told: string[]): void {
  for (let item = reader.next(); item !== null; item = reader.next()) {
    if (item.type !== "entryPart") told.push(tell(item));
    else told.push(`${told.pop()}${hex(item.bytes)}`);
  }
}

function tell(item: RdbItem): string {
  switch (item.type) {
    case "header":
      return `${item.family} ${item.version}`;
    case "aux":
      return `aux ${latin1(item.name)}=${latin1(item.value)}`;
    case "moduleAux":
      return `moduleAux ${hex(item.value)}`;
    case "function":
      return `function ${latin1(item.code)}`;
    case "database":
      return `database ${item.index}`;
    case "resize":
      return `resize ${item.keys} ${item.expires}`;
    case "slotInfo":
      return `slot ${item.slot} ${item.keys} ${item.expires}`;
    case "slotImport":
      return `slotImport ${latin1(item.job)} ${item.slots.join(",")}`;
    case "entry": {
      const about = [
        ...(item.expiresAtMs === null ? [] : [`expires ${item.expiresAtMs}`]),
        ...(item.idleSeconds === null ? [] : [`idle ${item.idleSeconds}`]),
        ...(item.frequency === null ? [] : [`frequency ${item.frequency}`]),
        ...(item.metadata === null ? [] : [`metadata ${hex(item.metadata)}`]),
        ...(item.isWhole ? [] : ["parts"]),
      ].map((text) => `${text} `);
      const what = `${item.database}/${latin1(item.key)} ${item.kind}:${item.encoding}`;
      return `${item.offset} ${what} ${about.join("")}${hex(item.value)}`;
    }
    case "entryPart":
      return hex(item.bytes);
    case "entryEnd":
      return "entryEnd";
    case "end":
      return `end ${item.checksum}`;
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
