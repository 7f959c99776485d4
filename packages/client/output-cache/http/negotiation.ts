/** What a client would rather have: content codings (RFC 9110, 12.5.3) and languages (12.5.4, by lookup of RFC 4647). */

export type Coding = "br" | "gzip" | "identity";

const codings: readonly Coding[] = ["br", "gzip", "identity"];

interface Wish {
  name: string;
  quality: number;
}

/** Longer headers are cut: nobody means the rest. */
const wishesMax = 32;

function wishesOf(header: string): Wish[] {
  return header
    .split(",", wishesMax)
    .map((item) => {
      const [name = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return { name, quality: quality === undefined ? 1 : qualityOf(quality) };
    })
    .filter(({ name }) => name !== "");
}

function qualityOf(text: string): number {
  const quality = Number(text);
  return quality >= 0 && quality <= 1 ? quality : 0;
}

/**
 * The codings that the client takes, the one it likes best first; of equal ones the smaller result. Identity is always
 * among them, as an answer that the client did not ask for is better than none.
 */
export function acceptedCodings(header: string | undefined): Coding[] {
  const wishes = wishesOf(header ?? "");
  const qualityFor = (coding: Coding) => {
    const names = coding === "gzip" ? ["gzip", "x-gzip"] : [coding];
    const wish = wishes.find(({ name }) => names.includes(name)) ?? wishes.find(({ name }) => name === "*");
    return wish?.quality ?? 0;
  };
  return codings
    .filter((coding) => coding === "identity" || qualityFor(coding) > 0)
    .sort((a, b) => qualityFor(b) - qualityFor(a));
}

/** One of `declared`, whose first is for those who ask for none of them. */
export function chosenLanguage(header: string | undefined, declared: readonly string[]): string {
  const wishes = wishesOf(header ?? "").filter(({ quality }) => quality > 0);
  for (const { name } of wishes.sort((a, b) => b.quality - a.quality)) {
    if (name === "*") break;
    for (let range = name; range !== ""; range = range.slice(0, Math.max(0, range.lastIndexOf("-")))) {
      const found = declared.find((language) => language.toLowerCase() === range);
      if (found !== undefined) return found;
    }
  }
  return declared[0] as string;
}
