/**
 * A process that holds idle connections: reads `{ endpoint, connections }` as one line of standard input, opens them,
 * logs in and sends one PING on each, prints `ready`, and keeps them until it is killed.
 */
import { readFileSync } from "node:fs";
import type { Endpoint } from "./load.ts";

/** Handshakes in flight at a time. */
const concurrency = 32;

interface Order {
  endpoint: Endpoint;
  connections: number;
}

async function openAll({ endpoint, connections }: Order): Promise<void> {
  const tls = { ca: readFileSync(endpoint.caPath ?? "", "utf8"), serverName: "localhost" };
  const password = endpoint.password ?? "";
  const hello = `*2\r\n$4\r\nAUTH\r\n$${Buffer.byteLength(password)}\r\n${password}\r\n*1\r\n$4\r\nPING\r\n`;
  let remaining = connections;
  const openSome = async () => {
    while (remaining-- > 0) await openOne({ port: endpoint.port, tls, hello });
  };
  await Promise.all(Array.from({ length: concurrency }, openSome));
}

function openOne(options: { port: number; tls: { ca: string; serverName: string }; hello: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    let reply = "";
    Bun.connect({
      hostname: "127.0.0.1",
      port: options.port,
      tls: options.tls,
      socket: {
        handshake(socket, success, error) {
          if (success) socket.write(options.hello);
          else reject(error ?? new Error("TLS handshake failed"));
        },
        data(_, bytes) {
          reply += bytes.toString();
          if (reply === "+OK\r\n+PONG\r\n") resolve();
          else if (reply.includes("-")) reject(new Error(reply.trim()));
        },
        error: (_, error) => reject(error),
        close: () => reject(new Error("the gateway closed a connection")),
      },
    }).catch(reject);
  });
}

for await (const line of console) {
  await openAll(JSON.parse(line) as Order);
  process.stdout.write("ready\n");
}
