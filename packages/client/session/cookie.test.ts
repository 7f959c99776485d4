import { describe, expect, test } from "bun:test";
import { cookieLimits, SessionCookie } from "./cookie.ts";

describe("a session's cookie", () => {
  test("is safe unless told", () => {
    expect(new SessionCookie().set("v")).toBe("__Host-session=v; Path=/; HttpOnly; Secure; SameSite=Lax");
    expect(new SessionCookie({ domain: "shop.example" }).name).toBe("__Secure-session");
    expect(new SessionCookie({ secure: false }).set("v")).toBe("session=v; Path=/; HttpOnly; SameSite=Lax");
    expect(new SessionCookie({ maxAge: "1h", sameSite: "none", partitioned: true }).set("v")).toBe(
      "__Host-session=v; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=None; Partitioned",
    );
    expect(new SessionCookie().clear()).toBe("__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax");
  });

  test("what a browser would refuse is refused at once", () => {
    const bad = [
      { name: "__Host-session", domain: "shop.example" },
      { name: "__Secure-session", secure: false },
      { name: "two words" },
      { name: "" },
      { sameSite: "none", secure: false },
      { path: "/; Domain=evil.example" },
      { sameSite: "loose" as "lax" },
      { maxAge: "soon" as "1h" },
    ] as const;
    for (const options of bad) expect(() => new SessionCookie(options)).toThrow(TypeError);
  });

  test("is found among others, also several times and in quotes", () => {
    const cookie = new SessionCookie({ secure: false });
    expect(cookie.find('a=1; session="one"; session2=x; xsession=y;session=two')).toEqual(["one", "two"]);
    for (const header of [undefined, null, "", "session", ";;;", "=session", `${"x".repeat(40_000)}; session=1`])
      expect(cookie.find(header)).toEqual([]);
    expect(cookie.find("session=1;".repeat(20)).length).toBe(cookieLimits.candidatesMax);
    expect(cookie.find('session = 1 ;\tsession=\t2;session=;session="')).toEqual(["1", "2", "", '"']);
    for (const other of [
      "a=session; b=session=1",
      "a session=1",
      "sessionsession=1",
      "session session=1",
      "session ;=1",
    ])
      expect(cookie.find(other)).toEqual([]);
    expect(cookie.find("session; sessions=1; session=a=b")).toEqual(["a=b"]);
  });
});
