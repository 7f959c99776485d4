import { describe, expect, test } from "bun:test";
import { hasChannels, parsePermissions, permissionsLengthMax } from "./access-permissions.ts";
import { LarderError } from "./errors.ts";

function refusal(permissions: string): string {
  try {
    parsePermissions(permissions);
  } catch (error) {
    expect(error).toBeInstanceOf(LarderError);
    expect(error).toMatchObject({ code: "InvalidParameter", target: "properties.permissions" });
    return (error as Error).message;
  }
  return "";
}

describe("permissions are taken", () => {
  test.each([
    "+@all allkeys",
    "+@read +set ~Az*",
    "+@all -@dangerous +cluster|info +cluster|nodes +cluster|slots allkeys",
    "-@all +get  +SET %R~a:* %w~b:* %RW~c:* ~d:{1}* &news.* resetchannels",
    "nocommands allcommands resetkeys AllKeys allchannels -client|kill",
    "+json.get ~\\*literal ~a(b ~%R~x",
  ])("%s", (permissions) => {
    expect(parsePermissions(permissions).map(({ text }) => text)).toEqual(permissions.split(/ +/));
  });

  test("with the place of each rule", () => {
    expect(parsePermissions("  +get  ~k ").map(({ position }) => position)).toEqual([3, 9]);
  });

  test("and it is known whether they speak of channels", () => {
    const speaks = (permissions: string) => hasChannels(parsePermissions(permissions));
    expect(["&x", "+get allChannels", "resetchannels"].map(speaks)).toEqual([true, true, true]);
    expect(speaks("+publish ~a&b")).toBe(false);
  });
});

describe("what would reach beyond a policy is refused", () => {
  test.each([
    ["+@all on", "has 'on', which is about a user", "(at character 7)"],
    ["OFF", "about a user", "(at character 1)"],
    ["+get reset ~*", "'reset', which is about a user", "(at character 6)"],
    ["nopass +@all", "about a user", "1)"],
    ["+@all resetpass", "about a user", "7)"],
    ["sanitize-payload", "about a user", "1)"],
    ["skip-sanitize-payload", "about a user", "1)"],
    ["+@all >hunter2", "has a password", "(at character 7)"],
    ["<hunter2", "has a password", "1)"],
    ["+get #5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "has a password", "6)"],
    ["!5e88", "has a password", "1)"],
    ["+get (~* +@all)", "selectors are not offered", "6)"],
    ["(+@all", "selectors", "1)"],
    ["clearselectors", "selectors", "1)"],
    ["+get\n+set", "a control character (U+000A) at character 5", ""],
    ["+get\r\nuser x on nopass +@all", "a control character (U+000D)", ""],
    ["+get\t~*", "a control character (U+0009)", ""],
    ["+get\u0000", "a control character (U+0000)", ""],
    ["+get\u007f", "not printable ASCII (U+007F)", ""],
    ["+get\u00a0+set", "not printable ASCII (U+00A0)", ""],
    ["~ключ", "not printable ASCII (U+043A) at character 2", ""],
    ['+get "~a b"', 'a quote (") at character 6', ""],
    ["~it's", "a quote (')", ""],
    ["+", "no command", "1)"],
    ["-@", "no command", "1)"],
    ["+@all|x", "no command", "1)"],
    ["+config|get|x", "no command", "1)"],
    ["++get", "no command", "1)"],
    ["+get,set", "no command", "1)"],
    ["~", "no pattern", "1)"],
    ["%~x", "no pattern", "1)"],
    ["%X~x", "no pattern", "1)"],
    ["&", "no pattern", "1)"],
    ["get", "no rule", "1)"],
    ["user default on", "no rule", "1)"],
    ["", "says nothing", ""],
    ["   ", "says nothing", ""],
    ["+a ".repeat(257), "has 257 rules; it may have 256", ""],
  ])("%j", (permissions, reason, place) => {
    const message = refusal(permissions);
    expect(message).toContain(reason);
    expect(message).toContain(place);
  });

  test("and what is too long", () => {
    expect(refusal(`~${"x".repeat(permissionsLengthMax)}`)).toContain("4097 characters; it may have 4096");
  });

  test("without repeating what may be a password", () => {
    expect(refusal("+@all >hunter2")).not.toContain("hunter2");
    expect(refusal("x".repeat(500)).length).toBeLessThan(150);
  });
});
