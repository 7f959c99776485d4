/**
 * Apt's package sources, read in both formats (sources.list(5)): one-line `.list` files and deb822 `.sources` files.
 * From them comes the source of a release's backports: the archive's own entry with another suite. Pure.
 */
export interface AptSource {
  uris: string[];
  suites: string[];
  components: string[];
  /** Options that say whom to trust and for which architectures, by deb822 field name; values may span lines. */
  options: Record<string, string>;
}

/** Every enabled source of binary packages in one file; `name` decides the format, as it does for apt. */
export function parseAptSources(name: string, text: string): AptSource[] {
  if (name.endsWith(".sources")) return parseStanzas(text);
  return text.split("\n").flatMap((line) => parseLine(line) ?? []);
}

/**
 * The source of `<codename>-backports`, in deb822: "configured" where a source already has it, undefined where no
 * source is the release's archive.
 */
export function backportsSource(sources: readonly AptSource[], codename: string): string | "configured" | undefined {
  const suite = `${codename}-backports`;
  if (sources.some((source) => source.suites.includes(suite))) return "configured";
  const archive = sources.find((source) => source.suites.includes(codename) && source.components.includes("main"));
  if (archive === undefined) return undefined;
  const fields = {
    Types: "deb",
    URIs: archive.uris.join(" "),
    Suites: suite,
    Components: "main",
    ...archive.options,
  };
  return Object.entries(fields)
    .map(([field, value]) => `${field}:${value.startsWith("\n") ? "" : " "}${value}\n`)
    .join("");
}

const keptOptions: Record<string, string> = {
  "signed-by": "Signed-By",
  arch: "Architectures",
  architectures: "Architectures",
  trusted: "Trusted",
};

/** `deb [option=value ...] URI SUITE COMPONENT...` */
function parseLine(line: string): AptSource | undefined {
  const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
  if (match === null) return undefined;
  const [, optionText = "", uri = "", suite = "", components = ""] = match;
  const options: Record<string, string> = {};
  for (const option of words(optionText)) {
    const [key = "", value = ""] = option.split("=", 2);
    const field = keptOptions[key.toLowerCase()];
    if (field !== undefined) options[field] = value.replaceAll(",", " ");
  }
  return { uris: [uri], suites: [suite], components: words(components), options };
}

function parseStanzas(text: string): AptSource[] {
  const withoutComments = text.replace(/^#.*\n?/gm, "");
  return withoutComments.split(/\n[ \t]*\n/).flatMap((stanza) => parseStanza(stanza) ?? []);
}

function parseStanza(stanza: string): AptSource | undefined {
  const fields: Record<string, string> = {};
  for (const match of stanza.matchAll(/^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)) {
    fields[(match[1] as string).toLowerCase()] = (match[2] as string).trimEnd();
  }
  if (!words(fields["types"] ?? "").includes("deb") || /^no$/i.test(fields["enabled"] ?? "")) return undefined;
  const options: Record<string, string> = {};
  for (const [key, field] of Object.entries(keptOptions)) {
    const value = fields[key];
    if (value !== undefined) options[field] = value;
  }
  return {
    uris: words(fields["uris"] ?? ""),
    suites: words(fields["suites"] ?? ""),
    components: words(fields["components"] ?? ""),
    options,
  };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
