/** What a policy takes away of what changes a connection: who is refused it leaves nothing behind for others of the same policy. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encodeRequest } from "@larder/resp";
import { limits } from "../../packages/gateway/limits.ts";
import type { ByteClient } from "../fixture/byte-client.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { owner, startTokenGateway, type TokenGateway } from "../fixture/token-gateway.ts";

let served: TokenGateway;

/** The owner's policy is all but these from here on; two clients who have it. */
async function without(...rules: string[]): Promise<[ByteClient, ByteClient]> {
  const all = ["reset", "on", ">engine-password", "~*", "&*", "+@all"];
  await served.askEngine("ACL", "SETUSER", "policy-owner", ...all, ...rules);
  return (await Promise.all([served.enter(owner), served.enter(owner)])) as [ByteClient, ByteClient];
}

function send(client: ByteClient, ...commands: string[]): void {
  client.send(Buffer.concat(commands.map((command) => encodeRequest(command.split(" ")))));
}

async function say(client: ByteClient, command: string): Promise<string> {
  send(client, command);
  return client.until("\r\n");
}

describe.skipIf(!hasValkey)("who is refused", () => {
  beforeAll(async () => {
    served = await startTokenGateway();
  });
  afterAll(() => served.stop());

  test("MULTI holds up nobody with a command that blocks outside of one", async () => {
    const [one, other] = await without("-multi");
    expect(await say(one, "PING")).toBe("+PONG\r\n");
    send(one, "MULTI", "BLPOP nothing 0", "EXEC");
    expect(await one.until("\r\n")).toStartWith("-NOPERM");
    expect(await say(other, "PING")).toBe("+PONG\r\n");
    for (const each of [one, other]) each.close();
  });

  test("DISCARD stays in its transaction, and nobody else is in it", async () => {
    const [one, other] = await without("-discard");
    expect(await say(one, "MULTI")).toBe("+OK\r\n");
    expect(await say(one, "DISCARD")).toStartWith("-NOPERM");
    expect(await say(one, "SET k v")).toBe("+QUEUED\r\n");
    expect(await say(other, "WATCH other")).toBe("+OK\r\n");
    expect(await say(other, "ECHO hi")).toBe("$2\r\n");
    await other.until("hi\r\n");
    expect(await say(one, "EXEC")).toStartWith("-EXECABORT");
    expect(await say(one, "SET k v")).toBe("+OK\r\n");
    for (const each of [one, other]) each.close();
  });

  test("EXEC ends the transaction", async () => {
    const [one, other] = await without("-exec");
    for (const whole of [false, true]) {
      if (whole) send(one, "MULTI", "SET k v", "EXEC");
      else for (const command of ["MULTI", "SET k v", "EXEC"]) send(one, command);
      await one.until("-EXECABORT");
      await one.until("\r\n");
      expect(await say(other, "SET k v")).toBe("+OK\r\n");
      expect(await say(one, "SET k v")).toBe("+OK\r\n");
    }
    for (const each of [one, other]) each.close();
  });

  test("UNWATCH goes on watching, and nobody else does", async () => {
    const [one, other] = await without("-unwatch");
    expect(await say(one, "WATCH k")).toBe("+OK\r\n");
    expect(await say(one, "UNWATCH")).toStartWith("-NOPERM");
    await served.askEngine("SET", "k", "other");
    expect(await say(other, "WATCH unchanged")).toBe("+OK\r\n");
    send(other, "MULTI", "PING", "EXEC");
    expect(await other.until("PONG\r\n")).toBe("+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
    send(one, "MULTI", "PING", "EXEC");
    expect(await one.until("*-1\r\n")).toBe("+OK\r\n+QUEUED\r\n*-1\r\n");
    for (const each of [one, other]) each.close();
  });

  test("a MULTI within another is in none after EXEC", async () => {
    const [one, other] = await without("-config");
    send(one, "MULTI", "MULTI", "EXEC");
    await one.until("EXECABORT");
    await one.until("\r\n");
    expect(await say(one, "CLIENT ID")).toStartWith(":");
    for (const each of [one, other]) each.close();
  });

  test("MONITOR has its later replies in order", async () => {
    const [one, other] = await without("-monitor");
    expect(await say(one, "MONITOR")).toStartWith("-NOPERM");
    send(one, "ECHO first", "CLIENT NOTHING", "ECHO last");
    expect(await one.until("last\r\n")).toMatch(/^\$5\r\nfirst\r\n-ERR [^\r]*\r\n\$4\r\nlast\r\n$/);
    const [monitor] = await without();
    send(monitor, "MONITOR");
    expect(await monitor.until("\r\n")).toBe("+OK\r\n");
    await say(other, "PING");
    await monitor.until('"PING"\r\n');
    for (const each of [one, other, monitor]) each.close();
  });

  test("CLUSTER and READONLY is refused them where the gateway answers, too", async () => {
    await served.change({ isCluster: true });
    const [one, other] = await without("-cluster", "+cluster|slots", "-readonly");
    expect(await say(one, "CLUSTER SLOTS")).toBe("*1\r\n");
    const refused = await served.enter(owner);
    expect(await say(refused, "CLUSTER NODES")).toStartWith("-NOPERM");
    expect(await say(refused, "CLUSTER KEYSLOT k")).toStartWith("-NOPERM");
    expect(await say(refused, "READONLY")).toStartWith("-NOPERM");
    expect(await say(refused, "READWRITE")).toBe("+OK\r\n");
    for (const each of [one, other, refused]) each.close();
    await served.change({ isCluster: false });
  });

  test("SELECT leaves the client where it was", async () => {
    const [one, other] = await without("-select");
    expect(await say(one, "WATCH k")).toBe("+OK\r\n");
    expect(await say(one, "SELECT 2")).toStartWith("-NOPERM");
    send(one, "CLIENT INFO");
    expect(await one.until("user=")).toContain(" db=0 ");
    for (const each of [one, other]) each.close();
  });

  test("EVAL, alone or on a key, has its script remembered for no other node", async () => {
    const scripts = served.gateway.findByServerName(served.route.hostName)?.scripts;
    const known = () => [...(scripts?.bodies ?? [])].map(String).sort();
    const [one, other] = await without("-eval");
    expect(await say(one, "EVAL return'refused' 0")).toStartWith("-NOPERM");
    expect(await say(one, "EVAL_RO return'taken' 0")).toBe("$5\r\n");
    const [keyed] = await without("resetkeys", "~mine:*");
    expect(await say(keyed, "EVAL return'other' 1 theirs:1")).toStartWith("-NOPERM");
    send(keyed, "EVAL return{KEYS[1],ARGV[1]} 1 mine:1 ~");
    await keyed.until("~\r\n");
    expect(await say(keyed, "EVAL return'wrong'")).toStartWith("-ERR wrong number");
    expect(known()).toEqual(["return'taken'", "return{KEYS[1],ARGV[1]}"]);
    for (const each of [one, other, keyed]) each.close();
  });

  test("a question whose connection is closed for want of use is asked again", async () => {
    await without();
    const cache = served.gateway.findByServerName(served.route.hostName);
    for (const each of [...(cache?.clients.values() ?? [])]) each.close();
    const client = await served.connect();
    client.send(encodeRequest(["HELLO", "3", "AUTH", owner, await served.issuer.token({ oid: owner })]));
    await client.until("modules\r\n*0\r\n");
    send(client, "CLIENT ID");
    await client.until("\r\n");
    cache?.sweep();
    served.clock.advance(limits.poolUnusedMs);
    await served.askEngine("CLIENT", "PAUSE", "100");
    send(client, "CLIENT ID");
    await Bun.sleep(20);
    cache?.sweep();
    expect(await client.until("\r\n")).toStartWith(":");
    client.close();
  });
});
