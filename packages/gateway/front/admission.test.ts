import { beforeEach, describe, expect, test } from "bun:test";
import { limits } from "../limits.ts";
import { Admission, type Newcomer } from "./admission.ts";

interface Guest extends Newcomer {
  name: string;
}

const plenty = 1_000;
const { processConnectionsBurst, handshakesBurst, connectionWaitMs } = limits;
let admission: Admission<Guest>;

function guest(line: string, name = line, more: Partial<Guest> = {}): Guest {
  return { line, name, isTls: false, arrivedMs: 0, ...more };
}

/** Who enters at a moment, by name. */
function entering(nowMs: number, handshakesFree = plenty): string[] {
  const names: string[] = [];
  for (let next = admission.next(nowMs, handshakesFree); next; next = admission.next(nowMs, handshakesFree))
    names.push(next.name);
  return names;
}

/** Uses up what the process may let in at the moment 0. */
function fill(): void {
  for (let index = 0; index < processConnectionsBurst; index++)
    expect(admission.offer(guest("filler"), 0, plenty)).toBe("enter");
}

beforeEach(() => {
  admission = new Admission(0);
});

describe("a newcomer", () => {
  test("enters at once while there are few", () => {
    expect(admission.offer(guest("a"), 0, plenty)).toBe("enter");
    expect(admission.waiting).toBe(0);
  });

  test("waits when there were too many, and enters as time goes by", () => {
    fill();
    expect(admission.offer(guest("a"), 0, plenty)).toBe("wait");
    expect(entering(0)).toEqual([]);
    expect(entering(1000 / limits.processConnectionsPerSecond)).toEqual(["a"]);
    expect(admission.waiting).toBe(0);
  });

  test("does not overtake those of its line", () => {
    fill();
    admission.offer(guest("a", "a1"), 0, plenty);
    expect(admission.offer(guest("a", "a2"), 1_000, plenty)).toBe("wait");
    expect(entering(1_000)).toEqual(["a1", "a2"]);
  });

  test("is not let into a full line", () => {
    fill();
    for (let index = 0; index < limits.connectionsWaitingMax; index++) admission.offer(guest("a"), 0, plenty);
    expect(admission.offer(guest("b"), 0, plenty)).toBe("full");
    expect(admission.waiting).toBe(limits.connectionsWaitingMax);
  });

  test("that has left does not enter", () => {
    fill();
    const gone = guest("a");
    admission.offer(gone, 0, plenty);
    admission.leave(gone);
    admission.leave(gone);
    expect([entering(1_000), admission.waiting]).toEqual([[], 0]);
  });

  test("that waits for too long is taken out, and the others are not", () => {
    fill();
    const old = guest("a", "old");
    const young = guest("a", "young", { arrivedMs: 1 });
    admission.offer(old, 0, plenty);
    admission.offer(young, 1, plenty);
    expect(admission.expired(connectionWaitMs - 1)).toEqual([]);
    expect(admission.expired(connectionWaitMs)).toEqual([old]);
    expect(entering(connectionWaitMs)).toEqual(["young"]);
  });
});

describe("lines", () => {
  test("take turns", () => {
    fill();
    for (const name of ["a1", "a2", "a3", "b1", "c1", "c2"]) admission.offer(guest(name[0] as string, name), 0, plenty);
    expect(entering(100)).toEqual(["a1", "b1", "c1", "a2", "c2", "a3"]);
  });

  test("of a cache that had too many do not hold up others", () => {
    for (let index = 0; index < limits.cacheConnectionsBurst; index++) admission.takeFor("stormy", 0);
    expect(admission.offer(guest("stormy"), 0, plenty)).toBe("wait");
    expect(admission.offer(guest("calm"), 0, plenty)).toBe("enter");
    expect(entering(1000 / limits.cacheConnectionsPerSecond)).toEqual(["stormy"]);
  });
});

describe("TLS handshakes", () => {
  const tls = { isTls: true };

  test("begin a few at a time, and plain connections do not wait for them", () => {
    for (let index = 0; index < handshakesBurst; index++)
      expect(admission.offer(guest("a", "tls", tls), 0, plenty)).toBe("enter");
    expect(admission.offer(guest("a", "tls", tls), 0, plenty)).toBe("wait");
    expect(admission.offer(guest("b", "plain"), 0, plenty)).toBe("enter");
    expect(entering(1000 / limits.handshakesPerSecond)).toEqual(["tls"]);
  });

  test("wait while too many go on", () => {
    expect(admission.offer(guest("a", "tls", tls), 0, 0)).toBe("wait");
    expect(entering(10, 0)).toEqual([]);
    expect(entering(10, 1)).toEqual(["tls"]);
  });
});

test("a connection whose cache becomes known late counts against it", () => {
  for (let index = 0; index < limits.cacheConnectionsBurst; index++) expect(admission.takeFor("a", 0)).toBe(true);
  expect(admission.takeFor("a", 0)).toBe(false);
  expect(admission.takeFor("b", 0)).toBe(true);
});
