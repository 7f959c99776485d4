import { expect, test } from "bun:test";
import { systemClock } from "@larder/service";
import type { SignInRecord } from "../audit/sign-in-record.ts";
import { identityLimits } from "./identity-limits.ts";
import { SignInRecords } from "./sign-in-records.ts";

test("only so many are written down in a minute, and what was left out is said afterwards", () => {
  const written: SignInRecord[] = [];
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const records = new SignInRecords({ clock, write: (record) => written.push(record) });
  const asked = { kind: "application", address: "192.0.2.7", principal: undefined, clientId: undefined } as const;
  const most = identityLimits.signInRecordsPerMinute;
  for (let count = 0; count < most + 3; count++) records.note({ ...asked, error: "invalid_client" });
  expect(written).toHaveLength(most);
  records.note(asked);
  expect(written.at(-1)).toMatchObject({ outcome: "succeeded", error: null, leftOut: 0 });
  expect(records.metrics()).toEqual([["larder_sign_in_records_left_out_total", 3]]);
  nowMs = 60_000;
  records.note({ ...asked, error: "invalid_client" });
  records.note({ ...asked, error: "invalid_client" });
  expect(written.slice(-2).map(({ leftOut }) => leftOut)).toEqual([3, 0]);
});
