/** What every part of this bench is given, and what it brings. */
import type { Goal } from "./client-goals.ts";

export interface PartContext {
  /** Of a real Valkey that stands idle; parts empty it. */
  url: string;
  isQuick: boolean;
  signal: AbortSignal;
}

export interface Figure {
  what: string;
  contender: string;
  value: number;
  unit: string;
}

export interface PartResult {
  figures: Figure[];
  goals: Goal[];
}

export type Part = (context: PartContext) => Promise<PartResult>;
