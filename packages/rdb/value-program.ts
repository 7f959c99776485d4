/** An encoding's shape as a flat list of steps, which can be left and taken up again at each of them. */
import type { Piece, RdbEncoding } from "./encodings.ts";

/** A step and its operand are two places of the program. */
export const Step = {
  end: 0,
  length: 1,
  string: 2,
  /** Operand: how many. */
  bytes: 3,
  score: 4,
  /** Reads a length; none: goes on at the operand. */
  each: 5,
  /** Goes back to the operand as often as the length says. */
  again: 6,
  /** Pieces that say what they are. */
  module: 7,
  /** Reads a length, and takes operand times as many strings: what lists, sets and hashes are. */
  strings: 8,
} as const;

export type ValueProgram = readonly number[];

const programs = new Map<RdbEncoding, ValueProgram>();

export function programOf(encoding: RdbEncoding): ValueProgram {
  let program = programs.get(encoding);
  if (program === undefined) {
    program = compile(encoding.shape);
    programs.set(encoding, program);
  }
  return program;
}

export function compile(shape: readonly Piece[]): ValueProgram {
  const program: number[] = [];
  append(program, shape);
  program.push(Step.end, 0);
  return program;
}

function append(program: number[], shape: readonly Piece[]): void {
  for (const piece of shape) {
    if (typeof piece === "number") program.push(Step.bytes, piece);
    else if (typeof piece === "string") program.push(Step[piece], 0);
    else appendEach(program, piece.each);
  }
}

function appendEach(program: number[], shape: readonly Piece[]): void {
  if (shape.every((piece) => piece === "string")) {
    program.push(Step.strings, shape.length);
    return;
  }
  const each = program.push(Step.each, 0) - 2;
  append(program, shape);
  program.push(Step.again, each + 2);
  program[each + 1] = program.length;
}
