/** A small file of text that a person names in an option. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { LarderError } from "@larder/api/errors";

/** Throws InvalidParameter. */
export function readGivenFile(path: string): string {
  try {
    return readFileSync(resolve(path), "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new LarderError("InvalidParameter", `${path} cannot be read (${code}).`, { cause: error });
  }
}
