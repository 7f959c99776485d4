/**
 * The package.json of @larder/client as it is published. The repository's own points at the sources, which Bun and TypeScript
 * read there; the published one points at what was built from them, and is written into the same folder.
 */
export interface SourceManifest {
  /** The sources are no package: only what is built from them may be published. */
  private: true;
  version: string;
  exports: Readonly<Record<string, string>>;
  scripts?: unknown;
  [field: string]: unknown;
}

export interface PublishedManifest {
  exports: Record<string, { types: string; default: string }>;
  [field: string]: unknown;
}

/** Throws for an export that is no source file of the package. */
export function publishedManifest(source: SourceManifest): PublishedManifest {
  const { private: _, scripts: __, exports, ...rest } = source;
  return {
    ...rest,
    exports: Object.fromEntries(Object.entries(exports).map(([name, path]) => [name, builtOf(path)])),
  };
}

function builtOf(path: string): { types: string; default: string } {
  const [, stem] = /^(\.\/.+)\.ts$/.exec(path) ?? [];
  if (stem === undefined) throw new Error(`an export of packages/client is no source file: ${path}`);
  return { types: `${stem}.d.ts`, default: `${stem}.js` };
}
