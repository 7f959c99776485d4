/** What every part of this bench is given. */
import type { PartResult } from "../client/part.ts";
import type { SavedFile } from "./saved-file.ts";

export interface DataContext {
  isQuick: boolean;
  signal: AbortSignal;
  /** For what a part makes; it goes at the end. */
  directory: string;
  /** Small strings in a file that an engine saved, made when it is first asked for. */
  smallKeys(): Promise<SavedFile>;
}

export type DataPart = (context: DataContext) => Promise<PartResult>;
