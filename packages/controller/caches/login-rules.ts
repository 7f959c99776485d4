/** By what clients log in: access keys, tokens, or both. Pure. */
import { LarderError } from "@larder/api";
import type { CacheAccess } from "../documents/cache-access.ts";
import type { CacheDocument, CacheSettings } from "../documents/cache-document.ts";
import { takesTokens } from "../documents/policy-users.ts";

/** Somebody has to be able to log in. Throws InvalidParameter. */
export function checkLogins(settings: CacheSettings): void {
  if (!settings.disableAccessKeyAuthentication || takesTokens({ settings })) return;
  const target = "properties.disableAccessKeyAuthentication";
  const message = `'${target}' needs tokens in place of keys: 'redisConfiguration.aad-enabled' has to be "true".`;
  throw new LarderError("InvalidParameter", message, { target });
}

/** All connections end when keys are turned on or off: also those by token, as with Azure. */
export function accessBy(settings: CacheSettings, { access, settings: before }: CacheDocument): CacheAccess {
  const isSwitched = settings.disableAccessKeyAuthentication !== before.disableAccessKeyAuthentication;
  return isSwitched ? { ...access, cutEpoch: access.cutEpoch + 1 } : access;
}

/** What the history says of it; undefined: nothing was turned on or off. */
export function loginSwitch(before: CacheSettings, after: CacheSettings): string | undefined {
  const texts = [
    switched("Access by keys", !before.disableAccessKeyAuthentication, !after.disableAccessKeyAuthentication),
    switched("Access by tokens", takesTokens({ settings: before }), takesTokens({ settings: after })),
  ].filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : texts.join(". ");
}

function switched(what: string, before: boolean, after: boolean): string | undefined {
  return before === after ? undefined : `${what} was turned ${after ? "on" : "off"}`;
}
