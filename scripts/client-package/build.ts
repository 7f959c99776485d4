/**
 * `npm run build -w packages/client`: the package as it is published, in packages/client/dist: JavaScript, declarations, source
 * maps with the sources in them, package.json, README and licence. `npm publish packages/client/dist` is all that is left.
 */
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PublishedManifest, publishedManifest, type SourceManifest } from "./published-manifest.ts";

const root = join(import.meta.dirname, "../..");
const sources = join(root, "packages/client");

/** Replaces the directory. Throws with the compiler's words when the sources have errors. */
export function buildClientPackage(directory: string): PublishedManifest {
  rmSync(directory, { recursive: true, force: true });
  compile(directory);
  const manifest = publishedManifest(readManifest());
  for (const [name, { default: path }] of Object.entries(manifest.exports))
    if (!existsSync(join(directory, path))) throw new Error(`packages/client exports ${name}, which is no file of it`);
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(sources, "README.md"), join(directory, "README.md"));
  copyFileSync(join(root, "LICENSE"), join(directory, "LICENSE"));
  return manifest;
}

function compile(directory: string): void {
  const project = join(sources, "tsconfig.build.json");
  const compiler = join(root, "node_modules/.bin/tsc");
  const { exitCode, stdout } = Bun.spawnSync([compiler, "-p", project, "--outDir", directory], { stderr: "inherit" });
  if (exitCode !== 0) throw new Error(`packages/client does not compile:\n${stdout}`);
}

function readManifest(): SourceManifest {
  return JSON.parse(readFileSync(join(sources, "package.json"), "utf8")) as SourceManifest;
}

if (import.meta.main) buildClientPackage(join(sources, "dist"));
