import { describe, expect, test } from "bun:test";
import { authenticatedLimits, RequestScanner, Scan, unauthenticatedLimits } from "./request-scanner.ts";

function scan(text: string, limits = authenticatedLimits): { found: Scan; scanner: RequestScanner } {
  const scanner = new RequestScanner();
  const bytes = Buffer.from(text, "latin1");
  return { found: scanner.scan(bytes, 0, bytes.length, limits), scanner };
}

describe("RequestScanner", () => {
  test("gives the command's name and the end", () => {
    const { found, scanner } = scan("*2\r\n$3\r\nGET\r\n$1\r\nk\r\nrest");
    expect(found).toBe(Scan.complete);
    expect(scanner.argumentCount).toBe(2);
    expect([scanner.offsets[0], scanner.offsets[1], scanner.end]).toEqual([8, 11, 20]);
  });

  test.each([
    ["a count that is no number", "*x\r\n", "invalid multibulk length"],
    ["a count with too many digits", "*99999999999\r\n", "invalid multibulk length"],
    ["too many arguments", "*1048577\r\n", "invalid multibulk length"],
    ["an empty count", "*\r\n", "invalid multibulk length"],
    ["an element that is no bulk string", "*1\r\n+OK\r\n", "expected '$', got '+'"],
    ["an unprintable type", "*1\r\n\x01", "expected '$', got ' '"],
    ["a negative length", "*1\r\n$-1\r\n", "invalid bulk length"],
    ["a bulk of 512 MiB and a byte", "*1\r\n$536870913\r\n", "invalid bulk length"],
    ["a bulk of 600 MiB", "*2\r\n$3\r\nSET\r\n$629145600\r\n", "invalid bulk length"],
    ["a length that is no number", "*1\r\n$1x\r\n", "invalid bulk length"],
    ["a count with a leading zero", "*01\r\n$4\r\nPING\r\n", "invalid multibulk length"],
    ["a length with a leading zero", "*1\r\n$04\r\nPING\r\n", "invalid bulk length"],
    ["a negative zero", "*1\r\n$-0\r\n\r\n", "invalid bulk length"],
    ["a count without end", `*${"1".repeat(70_000)}`, "too big mbulk count string"],
    ["a length without end", `*1\r\n$${"1".repeat(70_000)}`, "too big bulk count string"],
    ["a line without end", "x".repeat(70_000), "too big inline request"],
    ["a name without end", `*2\r\n$300000\r\n${"x".repeat(270_000)}`, "too big command name"],
  ])("refuses %s", (_, text, error) => {
    const { found, scanner } = scan(text);
    expect(found).toBe(Scan.malformed);
    expect(scanner.error).toBe(error);
  });

  test.each([
    ["*11\r\n", "unauthenticated multibulk length"],
    ["*1\r\n$16385\r\n", "unauthenticated bulk length"],
  ])("refuses %p before authentication", (text, error) => {
    const { found, scanner } = scan(text, unauthenticatedLimits);
    expect(found).toBe(Scan.malformed);
    expect(scanner.error).toBe(error);
  });

  test("reports an argument that is large and not there yet", () => {
    expect(scan("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$300000\r\nxx").found).toBe(Scan.large);
    expect(scan("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\nxx").found).toBe(Scan.partial);
  });

  test("reports a request of many small arguments that grows large", () => {
    const many = `*100001\r\n$4\r\nMSET\r\n${"$1\r\nx\r\n".repeat(50_000)}`;
    expect(scan(many).found).toBe(Scan.large);
  });

  test("takes lines, and passes over empty ones and arrays of nothing", () => {
    expect(scan("PING\r\n").found).toBe(Scan.inline);
    expect(scan("PING").found).toBe(Scan.partial);
    expect(scan("\r\n").found).toBe(Scan.empty);
    expect(scan("\n").found).toBe(Scan.empty);
    expect(scan("*0\r\n").found).toBe(Scan.empty);
    expect(scan("*-1\r\n").found).toBe(Scan.empty);
  });
});
