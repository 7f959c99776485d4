/**
 * The calls of the C library that the runtime has no name for. Linux only: elsewhere, or where the library is not found,
 * there is none of them, and whoever wanted one goes without.
 */
import { dlopen, FFIType } from "bun:ffi";

const { i32, u32, u64, ptr } = FFIType;

const calls = {
  setsockopt: { args: [i32, i32, i32, ptr, u32], returns: i32 },
  getsockopt: { args: [i32, i32, i32, ptr, ptr], returns: i32 },
  setns: { args: [i32, i32], returns: i32 },
  sched_getaffinity: { args: [i32, u64, ptr], returns: i32 },
  sched_setaffinity: { args: [i32, u64, ptr], returns: i32 },
} as const;

/** glibc's name, and musl's. */
const libraries = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

export type Libc = ReturnType<typeof dlopen<typeof calls>>["symbols"];

let opened: Libc | null | undefined;

export function libc(): Libc | null {
  if (opened === undefined) opened = process.platform === "linux" ? open() : null;
  return opened;
}

function open(): Libc | null {
  for (const name of libraries) {
    try {
      return dlopen(name, calls).symbols;
    } catch {
      // The next one is that of another distribution.
    }
  }
  return null;
}
