import { expect, test } from "bun:test";
import { isIP } from "node:net";
import { encodeNotice, type MaintenanceNotice } from "./maintenance-notice.ts";

const startMs = Date.parse("2026-11-21T18:00:00.999Z");
const at = { address: "10.0.0.5", tlsPort: 10_000, plainPort: 10_001 };

function notice(changes: Partial<MaintenanceNotice>): MaintenanceNotice {
  return { type: "NodeMaintenanceStarting", startMs, isReplica: false, hostId: "host-1", ...changes };
}

test("a notice is pairs between bars", () => {
  expect(encodeNotice(notice({}), at)).toBe(
    "NotificationType|NodeMaintenanceStarting|StartTimeInUTC|2026-11-21T18:00:00|IsReplica|False|" +
      "IPAddress|10.0.0.5|SSLPort|10000|NonSSLPort|10001",
  );
});

test("what has happened has no time, and an unknown address is left out", () => {
  const encoded = encodeNotice(notice({ type: "NodeMaintenanceStart", startMs: null, isReplica: true }), {
    address: undefined,
    tlsPort: 10_000,
    plainPort: null,
  });
  expect(encoded).toBe("NotificationType|NodeMaintenanceStart|IsReplica|True|SSLPort|10000|NonSSLPort|0");
});

test("StackExchange.Redis understands every field", () => {
  const read = readAsStackExchange(encodeNotice(notice({}), { ...at, address: "fd00::5" }));
  expect(read).toEqual({
    NotificationType: "NodeMaintenanceStarting",
    StartTimeInUTC: startMs - 999,
    IsReplica: false,
    IPAddress: "fd00::5",
    SSLPort: 10_000,
    NonSSLPort: 10_001,
  });
});

/** As AzureMaintenanceEvent.cs of StackExchange.Redis reads a message: a value that it cannot read is left out. */
function readAsStackExchange(message: string): Record<string, unknown> {
  const words = message.split("|");
  const read: Record<string, unknown> = {};
  for (let index = 0; index + 1 < words.length; index += 2) {
    const [name, value] = [words[index] ?? "", words[index + 1] ?? ""];
    if (name === "NotificationType") read[name] = value;
    if (name === "StartTimeInUTC" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(value))
      read[name] = Date.parse(`${value}Z`);
    if (name === "IsReplica" && /^(true|false)$/i.test(value)) read[name] = /true/i.test(value);
    if (name === "IPAddress" && isIP(value) > 0) read[name] = value;
    if (/^(Non)?SSLPort$/.test(name) && /^\d+$/.test(value)) read[name] = Number(value);
  }
  return read;
}
