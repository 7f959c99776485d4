import { expect, test } from "bun:test";
import { MonitorLines } from "./monitor-lines.ts";

const line = (command: string) => `+1763728942.123456 [0 unix:/run/engine.sock] ${command}\r\n`;
const shown = (command: string) => `+1763728942.123456 [0 127.0.0.1:0] ${command}\r\n`;

test("shows clients' commands, and neither the gateway's own nor the engine's socket", () => {
  const lines = new MonitorLines();
  const given = [line('"Ping"'), line('"ping"'), line('"Hello" "3" "AUTH" "(redacted)"'), line('"SET" "k" "Ping"')];
  expect(lines.take(Buffer.from(given.join(""))).toString()).toBe(shown('"ping"') + shown('"SET" "k" "Ping"'));
});

test("waits for the rest of a line, at any cut", () => {
  const whole = line('"GET" "k"') + line('"Ping"');
  for (let cut = 0; cut <= whole.length; cut++) {
    const lines = new MonitorLines();
    const taken = [whole.slice(0, cut), whole.slice(cut)].map((part) => lines.take(Buffer.from(part)).toString());
    expect(taken.join("")).toBe(shown('"GET" "k"'));
  }
});

test("leaves other replies, and lines of scripts, as they are", () => {
  const text = '$2\r\nhi\r\n+1763728942.1 [0 lua] "Get" "k"\r\n';
  expect(new MonitorLines().take(Buffer.from(text)).toString()).toBe(text);
});
