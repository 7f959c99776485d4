/** Who logs in with a token: which tokens are taken, how long that lasts, and what a newer route changes for who is in. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encodeRequest } from "@larder/resp";
import { tokenRules } from "@larder/service";
import { exportSPKI, type JWTPayload, SignJWT } from "jose";
import { RouteUsers } from "../../packages/gateway/access/route-users.ts";
import { counters } from "../../packages/gateway/metrics.ts";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { owner, reader, startTokenGateway, type TokenGateway, tokenUser } from "../fixture/token-gateway.ts";
import { TestIssuer, tokenAudience } from "../fixture/token-issuer.ts";
import { until } from "../fixture/until.ts";

let served: TokenGateway;

async function say(client: ByteClient, ...words: string[]): Promise<string> {
  client.send(encodeRequest(words));
  return client.until("\r\n");
}

/** Whoever is refused hears this, whatever was wrong. */
const refused = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

/** Why the connection log says that a log-in is refused. */
async function reasonFor(name: string, token: string): Promise<string> {
  const users = () => new RouteUsers(served.route);
  const password = Buffer.from(token);
  const verdict = await served.gateway.judge({ name, password, address: "192.0.2.1", isTls: true, users });
  return verdict.user === null ? verdict.reason : "";
}

/** What an AUTH of a new client is answered. */
async function tried(name: string, token: string): Promise<string> {
  const client = await served.connect();
  const answer = await say(client, "AUTH", name, token);
  client.close();
  return answer;
}

async function added(counter: keyof typeof counters, act: () => Promise<unknown>): Promise<number> {
  const before = counters[counter];
  await act();
  return counters[counter] - before;
}

describe.skipIf(!hasValkey)("log-in with a token", () => {
  beforeAll(async () => {
    served = await startTokenGateway();
  });
  afterAll(() => served.stop());

  test("by object id or alias, in any case, with AUTH or HELLO", async () => {
    const token = await served.issuer.token({ oid: owner.toUpperCase() });
    expect(await tried(owner.toUpperCase(), token)).toBe("+OK\r\n");
    expect(await tried("The-Owner", token)).toBe("+OK\r\n");
    const client = await served.connect();
    client.send(encodeRequest(["HELLO", "3", "AUTH", owner, token, "SETNAME", "me"]));
    await client.until("modules\r\n*0\r\n");
    expect(await say(client, "SET", "k", "v")).toBe("+OK\r\n");
    client.close();
  });

  test("what comes behind it waits, in order", async () => {
    const client = await served.connect();
    const token = await served.issuer.token({ oid: owner });
    client.send(encodeRequest(["PING"]));
    client.send(encodeRequest(["AUTH", owner, token]));
    client.send(encodeRequest(["SET", "order", "1"]));
    client.send(encodeRequest(["INCR", "order"]));
    expect(await client.until(":2\r\n")).toBe("-NOAUTH Authentication required.\r\n+OK\r\n+OK\r\n:2\r\n");
    client.close();
  });

  test("the engine decides what he may do", async () => {
    const client = await served.enter(reader);
    expect(await say(client, "GET", "nothing")).toBe("$-1\r\n");
    expect(await say(client, "SET", "k", "v")).toStartWith("-NOPERM ");
    client.close();
  });

  test("the engine decides, too, what the gateway then answers itself", async () => {
    await served.askEngine(
      "ACL",
      "SETUSER",
      "policy-reader",
      "reset",
      "on",
      ">engine-password",
      "~*",
      "+get",
      "+client|id",
      "+exec",
    );
    const client = await served.enter(reader);
    expect(await say(client, "CLIENT", "ID")).toStartWith(":");
    for (const words of [["LIST"], ["KILL", "TYPE", "normal"], ["SETNAME", "me"], ["NO-TOUCH", "off"], ["INFO"]])
      expect(await say(client, "CLIENT", ...words)).toStartWith("-NOPERM User policy-reader has no permissions");
    expect(await say(client, "CLIENT", "NOTHING")).toStartWith("-ERR unknown subcommand");
    expect(await say(client, "SELECT", "1")).toStartWith("-NOPERM");
    expect(await say(client, "MULTI")).toStartWith("-NOPERM");
    expect(await say(client, "EXEC")).toBe("-ERR EXEC without MULTI\r\n");
    expect(await say(client, "AUTH", reader, await served.issuer.token({ oid: reader }))).toBe("+OK\r\n");
    await served.askEngine("ACL", "SETUSER", "policy-reader", "+@connection", "+@transaction", "+@read");
    expect(await say(client, "CLIENT", "SETNAME", "me")).toBe("+OK\r\n");
    expect(await say(client, "CLIENT", "GETNAME")).toBe("$2\r\n");
    await client.until("me\r\n");
    expect(await say(client, "SELECT", "1")).toBe("+OK\r\n");
    client.send(Buffer.concat(["MULTI", "DBSIZE", "EXEC"].map((word) => encodeRequest([word]))));
    expect(await client.until(":0\r\n")).toBe("+OK\r\n+QUEUED\r\n*1\r\n:0\r\n");
    expect(await say(client, "MULTI")).toBe("+OK\r\n");
    expect(await say(client, "SET", "k", "v")).toStartWith("-NOPERM");
    expect(await say(client, "EXEC")).toStartWith("-EXECABORT");
    client.close();
  });

  test("a pool of clients costs one verification", async () => {
    const token = await served.issuer.token({ oid: owner, jti: "pool" });
    const clients = await Promise.all(Array.from({ length: 50 }, () => served.connect()));
    const verified = await added("larder_gateway_token_verifications_total", async () => {
      expect(new Set(await Promise.all(clients.map((each) => say(each, "AUTH", owner, token))))).toEqual(
        new Set(["+OK\r\n"]),
      );
      expect(await tried(owner, token)).toBe("+OK\r\n");
    });
    expect(verified).toBe(1);
    for (const each of clients) each.close();
  });

  test("on a plain port none is taken", async () => {
    const client = await connectBytes({ port: served.plainPort });
    expect(await say(client, "AUTH", owner, await served.issuer.token({ oid: owner }))).toStartWith(
      "-ERR a token is taken on a TLS connection only",
    );
    expect(await say(client, "AUTH", accessKey)).toBe("+OK\r\n");
    client.close();
  });

  test("tokens that are not taken", async () => {
    const { issuer, clock } = served;
    const now = Math.floor(clock.nowMs() / 1_000);
    const late = tokenRules.leewayMs / 1_000 + 30;
    const stranger = new TestIssuer(clock);
    await stranger.addKey("first");
    await stranger.addKey("other");
    const signed = (claims: JWTPayload) => issuer.token({ oid: owner, ...claims });
    const good = await signed({});
    const [, claims = "", signature = ""] = good.split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", kid: "first" })).toString("base64url");
    const pem = Buffer.from(await exportSPKI(issuer.publicKey("first")));
    const shared = await new SignJWT({ iss: issuer.issuer, aud: tokenAudience, oid: owner, exp: now + 60 })
      .setProtectedHeader({ alg: "HS256", kid: "first" })
      .sign(pem);
    const cases: [string, string][] = [
      [await signed({ aud: "https://management.azure.com" }), "other audience"],
      [await signed({ exp: now - late }), "expired"],
      [await signed({ nbf: now + late }), "not yet valid"],
      [await signed({ oid: reader }), "of another user"],
      [await signed({ oid: undefined as unknown as string, sub: owner }), "malformed"],
      [await signed({ iss: "https://other.example" }), "unknown issuer"],
      [await stranger.token({ oid: owner }, "first"), "bad signature"],
      [await stranger.token({ oid: owner }, "other"), "unknown key"],
      [`${none}.${claims}.`, "bad signature"],
      [`${good.slice(0, 5)}.token.atall`, "malformed"],
      [`${none}.${claims}.${signature}`, "bad signature"],
      [shared, "bad signature"],
      [`${good.slice(0, -8)}AAAAAAAA`, "bad signature"],
    ];
    for (const [token, reason] of cases)
      expect([await tried(owner, token), await reasonFor(owner, token)]).toEqual([refused, `token: ${reason}`]);
    for (const [name, password] of [
      ["nobody", good],
      ["default", good],
      [owner, "no.token.atall"],
      [owner, ""],
      [reader, accessKey],
    ] as const)
      expect(await tried(name, password)).toBe(refused);
  });

  test("who is not there costs a verification, too, and is told to use TLS like all others", async () => {
    const bad = `${(await served.issuer.token({ oid: owner, jti: "nobody" })).slice(0, -8)}AAAAAAAA`;
    for (const name of [owner, "nobody"]) {
      const verified = await added("larder_gateway_token_verifications_total", () => tried(name, bad));
      expect(verified).toBe(1);
      const client = await connectBytes({ port: served.plainPort });
      expect(await say(client, "AUTH", name, bad)).toStartWith("-ERR a token is taken on a TLS connection only");
      client.close();
    }
  });

  test("a key that is not known is asked for, and holds up nobody else", async () => {
    await served.issuer.addKey("new");
    const asked: string[] = [];
    let found = () => {};
    served.gateway.askForTokenKey = ({ keyId }) => {
      asked.push(keyId);
      return new Promise((resolve) => {
        found = resolve;
      });
    };
    const token = await served.issuer.token({ oid: owner }, "new");
    const waiting = [tried(owner, token), tried(owner, await served.issuer.token({ oid: owner, jti: "2" }, "new"))];
    expect(await tried(owner, await served.issuer.token({ oid: owner, jti: "3" }))).toBe("+OK\r\n");
    await served.change({});
    found();
    expect(await Promise.all(waiting)).toEqual(["+OK\r\n", "+OK\r\n"]);
    expect(asked).toEqual(["new"]);
    served.gateway.askForTokenKey = async () => {};
  });

  test("the connection ends with its token, and a newer one keeps it", async () => {
    const { clock, issuer } = served;
    const now = Math.floor(clock.nowMs() / 1_000);
    const [renewing, ending, keyed] = await Promise.all([served.connect(), served.connect(), served.connect()]);
    const token = await issuer.token({ oid: owner, exp: now + 60 });
    for (const each of [renewing, ending]) expect(await say(each, "AUTH", owner, token)).toBe("+OK\r\n");
    expect(await say(keyed, "AUTH", accessKey)).toBe("+OK\r\n");
    const newer = await issuer.token({ oid: owner, exp: now + 600 });
    expect(await say(renewing, "AUTH", owner, newer)).toBe("+OK\r\n");
    expect(await say(ending, "AUTH", owner, await issuer.token({ oid: owner, exp: now - 600 }))).toStartWith(
      "-WRONGPASS",
    );
    expect(await say(ending, "PING")).toBe("+PONG\r\n");
    const closed = await added("larder_gateway_connections_closed_token_expired_total", async () => {
      clock.advance(60_000 + tokenRules.leewayMs);
      await ending.ended();
    });
    expect(closed).toBe(1);
    expect(await say(renewing, "PING")).toBe("+PONG\r\n");
    expect(await say(keyed, "PING")).toBe("+PONG\r\n");
    expect(await reasonFor(owner, token)).toEndWith("expired");
    for (const each of [renewing, keyed]) each.close();
  });

  test("a newer token is taken while subscribed, and refused inside a transaction", async () => {
    const client = await served.connect();
    const token = await served.issuer.token({ oid: owner });
    client.send(encodeRequest(["HELLO", "3", "AUTH", owner, token]));
    await client.until("modules\r\n*0\r\n");
    client.send(encodeRequest(["SUBSCRIBE", "news"]));
    await client.until(":1\r\n");
    expect(await say(client, "AUTH", owner, await served.issuer.token({ oid: owner, jti: "b" }))).toBe("+OK\r\n");
    const publisher = await served.enter(owner);
    expect(await say(publisher, "PUBLISH", "news", "hello")).toBe(":1\r\n");
    await client.until("hello\r\n");
    expect(await say(publisher, "MULTI")).toBe("+OK\r\n");
    expect(await say(publisher, "AUTH", owner, token)).toBe(
      "-ERR AUTH inside MULTI is not supported by this service\r\n",
    );
    for (const each of [client, publisher]) each.close();
  });

  test("no user is logged in by failing, and who is in stays it", async () => {
    const client = await served.enter(reader);
    expect(await say(client, "AUTH", owner, "a.b.c")).toStartWith("-WRONGPASS");
    expect(await say(client, "SET", "k", "v")).toStartWith("-NOPERM");
    client.close();
  });
});

describe.skipIf(!hasValkey)("a newer route", () => {
  beforeAll(async () => {
    served = await startTokenGateway();
  });
  afterAll(() => served.stop());

  const keyUser = () => served.route.users.filter(({ name }) => name === "default");

  test("closes whose assignment is gone, and nobody else; the token is not taken again", async () => {
    const [gone, stays] = await Promise.all([served.enter(reader), served.enter(owner)]);
    const { users } = served.route;
    await served.change({ users: users.filter(({ objectId }) => objectId !== reader) });
    await gone.ended();
    expect(await say(stays, "PING")).toBe("+PONG\r\n");
    expect(await tried(reader, await served.issuer.token({ oid: reader }))).toStartWith("-WRONGPASS invalid");
    await served.change({ users });
    stays.close();
  });

  test("with another policy who is in goes on with that", async () => {
    const { users } = served.route;
    const [idle, busy, watching, subscribed, blocked] = (await Promise.all(
      Array.from({ length: 5 }, () => served.enter(owner)),
    )) as [ByteClient, ByteClient, ByteClient, ByteClient, ByteClient];
    await say(idle, "SET", "k", "v");
    await say(watching, "WATCH", "k");
    subscribed.send(encodeRequest(["SUBSCRIBE", "news"]));
    await subscribed.until(":1\r\n");
    blocked.send(encodeRequest(["BLPOP", "list", "0"]));
    await until("it is blocked", async () =>
      String(await served.askEngine("INFO", "clients")).includes("blocked_clients:1"),
    );
    const many = 20_000;
    busy.send(Buffer.concat(Array.from({ length: many }, () => encodeRequest(["INCR", "count"]))));
    await busy.until(":10\r\n");
    await served.change({ users: [...keyUser(), tokenUser(owner, "policy-reader")] });
    expect(await say(idle, "GET", "k")).toBe("$1\r\n");
    await idle.until("v\r\n");
    expect(await say(idle, "SET", "k", "w")).toStartWith("-NOPERM");
    await Promise.all([subscribed.ended(), blocked.ended()]);
    expect(await say(watching, "SET", "k", "w")).toStartWith("-NOPERM");
    busy.send(encodeRequest(["ECHO", "end"]));
    await busy.until("'echo' command\r\n");
    const replies = busy.received().split("\r\n").slice(1, -1);
    expect(replies).toHaveLength(many + 1);
    const counted = replies.filter((reply) => reply.startsWith(":"));
    expect(counted).toEqual(counted.map((_, index) => `:${index + 1}`));
    expect(replies.slice(counted.length).every((reply) => reply.startsWith("-NOPERM"))).toBe(true);
    await served.change({ users });
    expect(await say(idle, "SET", "k", "w")).toBe("+OK\r\n");
    for (const each of [idle, busy, watching]) each.close();
  });

  test("what the engine is asked about for the policy before does not count for the next one", async () => {
    const { users } = served.route;
    const client = await served.enter(owner);
    expect(await say(client, "CLIENT", "ID")).toStartWith(":");
    await served.askEngine("CLIENT", "PAUSE", "300", "ALL");
    const answer = say(client, "CLIENT", "SETNAME", "me");
    // A log-in needs no engine, and has the gateway's turn behind it.
    (await served.enter(reader)).close();
    await served.change({ users: [...keyUser(), tokenUser(owner, "policy-reader")] });
    expect(await answer).toStartWith("-NOPERM");
    client.close();
    await served.change({ users });
  });

  test("keys off: all are cut, keys are refused, tokens are taken", async () => {
    const { users } = served.route;
    const keyed = await served.connect();
    await say(keyed, "AUTH", accessKey);
    const [held, silent] = await Promise.all([served.enter(owner), served.connect()]);
    await served.change({ users: users.filter(({ objectId }) => objectId !== null), cutEpoch: 1 });
    await Promise.all([keyed, held, silent].map((each) => each.ended()));
    expect(await tried("default", accessKey)).toStartWith("-WRONGPASS invalid");
    const client = await served.enter(owner);
    expect(await say(client, "SET", "k", "v")).toBe("+OK\r\n");
    client.close();
    const stranger = await served.connect();
    expect(await say(stranger, "AUTH", accessKey)).toStartWith("-WRONGPASS invalid");
    expect(await say(stranger, "GET", "k")).toBe("-NOAUTH Authentication required.\r\n");
    stranger.close();
    await served.change({ users, cutEpoch: 2 });
  });

  test("a policy that the engine does not have yet is waited for", async () => {
    const { users } = served.route;
    await served.change({ users: [...keyUser(), { ...tokenUser(owner, "policy-owner"), engineUser: "policy-new" }] });
    const client = await served.enter(owner);
    const reply = say(client, "SET", "k", "v");
    await served.askEngine("ACL", "SETUSER", "policy-new", "on", ">engine-password", "~*", "+@all");
    expect(await reply).toBe("+OK\r\n");
    client.close();
    await served.change({ users });
  });
});
