/**
 * What an access policy's permissions may say: an ACL string of the engine's without whatever makes, names or ends a user. A string is
 * taken apart token by token, and only what is known to give or take commands, keys or channels passes; so nothing gets to an engine
 * as a word of its own that was not looked at. Whether a command exists is for the engine to say.
 *
 *   +COMMAND  -COMMAND  +COMMAND|SUB  -COMMAND|SUB  +@CATEGORY  -@CATEGORY  allcommands  nocommands
 *   ~PATTERN  %R~PATTERN  %W~PATTERN  %RW~PATTERN  allkeys  resetkeys      &PATTERN  allchannels  resetchannels
 */
import { LarderError } from "./errors.ts";

/** Of the whole string: more than any policy that a person can read. */
export const permissionsLengthMax = 4_096;
export const permissionTokensMax = 256;

const target = "properties.permissions";
const commandPattern = /^[+-][a-z0-9][a-z0-9._-]*(\|[a-z0-9][a-z0-9._-]*)?$/i;
const categoryPattern = /^[+-]@[a-z]+$/i;
const keyPattern = /^(~|%(R|W|RW|WR)~)./i;
const channelPattern = /^&./;
const words = ["allcommands", "nocommands", "allkeys", "resetkeys", "allchannels", "resetchannels"];
const userWords = ["on", "off", "reset", "nopass", "resetpass", "sanitize-payload", "skip-sanitize-payload"];
const quotedMax = 40;

export interface PermissionToken {
  text: string;
  /** Of its first character, from 1. */
  position: number;
}

/** Throws InvalidParameter with the reason and the position. */
export function parsePermissions(permissions: string): PermissionToken[] {
  if (permissions.length > permissionsLengthMax)
    throw refusal(`has ${permissions.length} characters; it may have ${permissionsLengthMax}`);
  checkCharacters(permissions);
  const tokens = [...permissions.matchAll(/[^ ]+/g)].map(({ 0: text, index }) => ({ text, position: index + 1 }));
  if (tokens.length === 0) throw refusal("says nothing: it takes rules such as '+@read allkeys'");
  if (tokens.length > permissionTokensMax)
    throw refusal(`has ${tokens.length} rules; it may have ${permissionTokensMax}`);
  for (const token of tokens) checkToken(token);
  return tokens;
}

/** Whether it says which channels; who says nothing of them has all. */
export function hasChannels(tokens: readonly PermissionToken[]): boolean {
  return tokens.some(({ text }) => text.startsWith("&") || /^(all|reset)channels$/i.test(text));
}

/** The engine's words about a string that was taken apart, with the position of the rule that they name. */
export function engineRefusal(tokens: readonly PermissionToken[], words: string): LarderError {
  const modifier = /modifier '([^']*)'/.exec(words)?.[1];
  const token = tokens.find(({ text }) => text === modifier);
  const where = token === undefined ? "" : ` (at character ${token.position})`;
  return refusal(`is refused by the engine${where}: ${words.replace(/\.$/, "")}`);
}

/** Printable ASCII without quotes: everything else means something to somebody who reads configurations or logs. */
function checkCharacters(permissions: string): void {
  const index = permissions.search(/[^ -~]|["'`]/);
  if (index === -1) return;
  const character = permissions[index] as string;
  throw refusal(`has ${nameOf(character)} at character ${index + 1}`);
}

function nameOf(character: string): string {
  if (character > " " && character <= "~") return `a quote (${character})`;
  const code = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  return character < " " ? `a control character (${code})` : `a character that is not printable ASCII (${code})`;
}

function checkToken({ text, position }: PermissionToken): void {
  const isKnown =
    [commandPattern, categoryPattern, keyPattern, channelPattern].some((pattern) => pattern.test(text)) ||
    words.includes(text.toLowerCase());
  if (!isKnown) throw refusal(`${whyNot(text)} (at character ${position})`);
}

/** What looks like a password is not repeated. */
function whyNot(text: string): string {
  if (/^[<>#!]/.test(text)) return "has a password, which a policy cannot give: who logs in is the service's to decide";
  const quoted = `'${text.length > quotedMax ? `${text.slice(0, quotedMax)}…` : text}'`;
  if (userWords.includes(text.toLowerCase()))
    return `has ${quoted}, which is about a user; a policy says only what may be done`;
  if (/^\(|^clearselectors$/i.test(text)) return `has ${quoted}: selectors are not offered`;
  if (/^[+-]/.test(text)) return `has ${quoted}, which is no command, COMMAND|SUBCOMMAND or @category`;
  if (/^[~%&]/.test(text)) return `has ${quoted}, which is no pattern of keys or channels`;
  return `has ${quoted}, which is no rule of commands, keys or channels`;
}

function refusal(problem: string): LarderError {
  return new LarderError("InvalidParameter", `'${target}' ${problem}.`, { target });
}
