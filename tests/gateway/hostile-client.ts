/** Clients that mean no good, each with a connection of its own: what they send, where they stop, and how they leave. */
import { encodeRequest } from "@larder/resp";
import { type Address, connectRaw, type RawClient } from "../fixture/raw-client.ts";

type Random = (below: number) => number;

const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)] as T;
const request = (...words: string[]) => encodeRequest(words).toString("latin1");

/** Made to confuse: each by itself, after a log-in or before. */
export const malicious: readonly string[] = [
  "*01\r\n$4\r\nPING\r\n",
  "*1\r\n$04\r\nPING\r\n",
  "*1\r\n$-0\r\n\r\n",
  "*-1\r\n*0\r\n\r\n",
  "*2147483647\r\n$4\r\nPING\r\n",
  "*2147483648\r\n",
  "*9223372036854775807\r\n$1\r\nx\r\n",
  "*9223372036854775808\r\n",
  "*99999999999999999999999999\r\n",
  "*1048576\r\n$4\r\nMGET\r\n$1\r\nk\r\n",
  "*2\r\n$3\r\nGET\r\n$-1\r\n",
  "*2\r\n$3\r\nGET\r\n$536870913\r\n",
  "*2\r\n$3\r\nGET\r\n$536870912\r\nx",
  "*2\r\n$3\r\nGET\r\n*1\r\n$1\r\nk\r\n",
  "*1\r\n:5\r\n",
  "*1\n$4\nPING\n",
  "*1\r$4\rPING\r",
  "*1\r\n$0\r\n\r\n",
  `*2\r\n$4\r\nPING\r\n$3\r\n${"\r\n*1\r\n$6\r\nDBSIZE\r\n"}`,
  "*",
  "$5\r\nhello\r\n",
  "+OK\r\n:1\r\n-ERR\r\n",
  ">2\r\n+message\r\n+x\r\n",
  "GET evil:k\r\n\r\n\n\nPING\n",
  "SET evil:k \"un\\x41 \\xzz\" 'a\\'b'\r\n",
  'SET evil:k "never closed\r\n',
  `${"x".repeat(70_000)}\r\n`,
  "x".repeat(70_000),
  "GET / HTTP/1.1\r\nHost: evil\r\n\r\n",
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "\0".repeat(2_000),
  `*1\r\n$${"9".repeat(66_000)}`,
  `*${"1".repeat(66_000)}`,
  request("EVAL", "local t={} local r=t for i=1,3000 do t[1]={} t=t[1] end return r", "0"),
  request("EVAL", "return {ok='a\\r\\n$5\\r\\n', err='b\\r\\n'}", "0"),
  request("EVAL", "redis.setresp(3); return {map={a={double=1.5}, b={set={x=true}}}}", "0"),
  request("EVAL", "return redis.error_reply('a\\r\\nb')", "0"),
  `${request("XGROUP", "CREATE", "evil:stream", "streams", "$", "MKSTREAM")}${request("XREADGROUP", "GROUP", "streams", "c", "BLOCK", "9000", "STREAMS", "evil:stream", ">")}`,
  `${request("XGROUP", "CREATE", "evil:stream", "g", "$", "MKSTREAM")}${request("XREADGROUP", "GROUP", "g", "streams", "BLOCK", "9000", "STREAMS", "evil:stream", ">")}`,
  request("XREAD", "COUNT", "1", "BLOCK", "9000", "STREAMS", "evil:stream", "$"),
  request("SCRIPT", "DEBUG", "YES"),
  request("CLIENT", "REPLY", "OFF"),
  request("CLIENT", "REPLY", "SKIP"),
  request("CLIENT", "TRACKING", "ON", "BCAST"),
  request("CLIENT", "PAUSE", "10000"),
  request("CLIENT", "KILL", "TYPE", "master"),
  request("SUBSCRIBE", "evil:channel") + request("GET", "evil:k"),
  request("MONITOR"),
  request("RESET"),
  request("QUIT") + request("PING"),
  request("SELECT", "15") + request("SELECT", "-1") + request("SELECT", "99999999999"),
  request("HELLO", "3", "AUTH", "default", "wrong") + request("HELLO", "4") + request("HELLO", "3"),
  request("SYNC") + request("PSYNC", "?", "-1") + request("REPLCONF", "listening-port", "1"),
  request("DEBUG", "SLEEP", "5") + request("SHUTDOWN") + request("FAILOVER"),
  request("MULTI") + request("MULTI") + request("WATCH", "evil:k") + request("EXEC") + request("EXEC"),
  request("WATCH", "evil:k") + request("EXEC") + request("DISCARD"),
  request("WATCH", "evil:k") + request("DISCARD"),
  request("MULTI") + request("SUBSCRIBE", "evil:c") + request("AUTH", "x") + request("EXEC"),
  request("NO.SUCH", "x".repeat(1_000)),
];

/** States in which a client may vanish. */
const states: readonly string[] = [
  "",
  request("GET", "evil:k").repeat(500),
  request("MULTI") + request("INCR", "evil:n"),
  request("WATCH", "evil:k") + request("MULTI") + request("GET", "evil:k"),
  request("BLPOP", "evil:empty", "0"),
  request("SUBSCRIBE", "evil:channel", "evil:other") + request("PSUBSCRIBE", "evil:*"),
  request("SSUBSCRIBE", "evil:shard"),
  request("MONITOR"),
  request("CLIENT", "TRACKING", "ON"),
  request("WAIT", "1", "0"),
  `*3\r\n$3\r\nSET\r\n$10\r\nevil:large\r\n$1000000\r\n${"v".repeat(400_000)}`,
  `*3\r\n$3\r\nSET\r\n$10\r\nevil:large\r\n$300000\r\n${"v".repeat(100_000)}`,
  request("SET", "evil:value", "v".repeat(500_000)) + request("GET", "evil:value").repeat(20),
  request("EVAL", "local x = 0 for i = 1, 300000 do x = x + i end return x", "0"),
];

function ordinary(random: Random): string {
  const key = `evil:${random(5)}`;
  const commands: string[][] = [
    ["SET", key, "v".repeat(random(50))],
    ["GET", key],
    ["INCR", "evil:n"],
    ["MGET", key, "evil:1", "evil:2"],
    ["LPUSH", "evil:list", "a", "b"],
    ["LRANGE", "evil:list", "0", "20"],
    ["LTRIM", "evil:list", "0", "20"],
    ["MULTI"],
    ["EXEC"],
    ["DISCARD"],
    ["WATCH", key],
    ["BLPOP", "evil:list", "0.01"],
    ["SUBSCRIBE", "evil:channel"],
    ["UNSUBSCRIBE"],
    ["PUBLISH", "evil:channel", "m"],
    ["HELLO", pick(random, ["2", "3"])],
    ["SELECT", String(random(3))],
    ["CLIENT", "ID"],
    ["CLIENT", "LIST"],
    ["SET", "evil:big", "b".repeat(random(3) * 100_000)],
    ["GET", "evil:big"],
    ["EVAL", "return ARGV", "0", "a", "b"],
    ["RESET"],
  ];
  return request(...(pick(random, commands) as string[]));
}

const hostileNumbers = ["-1", "-0", "00", "01", "0", "?", "", "536870913", "2147483648", "99999999999999999999"];

function damaged(text: string, random: Random): string {
  const at = random(text.length + 1);
  switch (random(6)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + random(8));
    case 3:
      return text.slice(0, at) + text.slice(random(text.length + 1));
    case 4: {
      const digits = /\d+/g;
      digits.lastIndex = at;
      const found = digits.exec(text);
      if (found === null) return text;
      return text.slice(0, found.index) + pick(random, hostileNumbers) + text.slice(found.index + found[0].length);
    }
    default:
      return text;
  }
}

/** What one hostile client sends after, or without, its log-in. */
function attack(random: Random): string {
  switch (random(4)) {
    case 0:
      return pick(random, malicious);
    case 1:
      return pick(random, states);
    case 2:
      return Array.from({ length: 20 + random(200) }, () => String.fromCharCode(random(256))).join("");
    default: {
      let text = Array.from({ length: 1 + random(12) }, () => ordinary(random)).join("");
      for (let times = 1 + random(3); times > 0; times--) text = damaged(text, random);
      return text + pick(random, malicious.concat("", "", ""));
    }
  }
}

/** Connects, does its worst and is gone. Never throws: a refused hostile client is not a failure. */
export async function runHostileClient(address: Address, password: string, random: Random): Promise<void> {
  const isLoggedIn = random(5) > 0;
  // A TLS port also gets clients that do not speak TLS.
  const isBare = random(8) === 0 && "port" in address;
  const text = (isLoggedIn ? request("AUTH", password) : "") + attack(random);
  const client = await connectRaw(isBare ? { port: address.port } : address).catch(() => undefined);
  if (client === undefined) return;
  const bytes = Buffer.from(text, "latin1");
  const cuts = Array.from({ length: random(6) }, () => random(bytes.length + 1)).sort((a, b) => a - b);
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    client.send(bytes.subarray(start, cut));
    start = cut;
    if (random(2) === 0) await Bun.sleep(random(4));
  }
  await leave(client, random);
}

async function leave(client: RawClient, random: Random): Promise<void> {
  switch (random(5)) {
    case 0:
      break;
    case 1:
      client.socket.resetAndDestroy();
      break;
    case 2:
      client.socket.end();
      await Bun.sleep(random(30));
      break;
    case 3:
      client.socket.pause();
      await Bun.sleep(random(60));
      break;
    default:
      await Bun.sleep(random(60));
  }
  client.close();
}
