/** `node sse-server.mjs URL`: a channel as server-sent events over HTTP, and its publisher. */
import { createServer } from "node:http";
import { connect } from "@larder/client";
import { createChannel, sse } from "@larder/client/messaging";
import { serve } from "./serve.mjs";

const [url] = process.argv.slice(2);
const channel = createChannel("news", { server: connect(url), history: { length: 10_000 } });
const bridge = sse(channel, { retry: "50ms" });
const sockets = new Set();
const server = createServer(bridge.node);
server.on("connection", (socket) => {
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", 4_096, resolve));

serve({
  port: () => server.address().port,
  clients: () => bridge.clientCount,
  async publish({ from, count }) {
    for (let number = from; number < from + count; number++) await channel.publish({ number });
  },
  /** All at once, as when a proxy is restarted. */
  cut() {
    for (const socket of sockets) socket.destroy();
  },
});
