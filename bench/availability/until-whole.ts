/** Waits for a subject to be whole again, and asks it rarely: it is under load, and measured. */
import { systemClock } from "@larder/service";
import { until } from "../../tests/fixture/until.ts";

const pollMs = 100;
/** A whole copy of little data takes far less, and so does Sentinel. */
const wholeTimeoutMs = 90_000;

export async function untilWhole(isWhole: () => Promise<boolean>): Promise<void> {
  const isWholeNow = async () => {
    try {
      if (await isWhole()) return true;
    } catch (error) {
      await systemClock.sleep(pollMs);
      throw error;
    }
    await systemClock.sleep(pollMs);
    return false;
  };
  await until("there is one primary, and all others are in sync", isWholeNow, wholeTimeoutMs);
}
