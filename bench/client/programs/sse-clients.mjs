/** `node sse-clients.mjs PORT`: browsers, as far as EventSource matters: they come back at once, and say the last id that they have. */
import { get } from "node:http";
import { serve } from "./serve.mjs";

const [port] = process.argv.slice(2);

class Browser {
  numbers = [];
  lastId = null;

  connect() {
    const headers = this.lastId === null ? {} : { "last-event-id": this.lastId };
    const request = get({ host: "127.0.0.1", port, path: "/", agent: false, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        const events = (text + chunk).split("\n\n");
        text = events.pop();
        for (const event of events) this.#take(event);
      });
      response.on("close", () => this.connect());
    });
    request.on("error", () => setTimeout(() => this.connect(), 20));
  }

  #take(event) {
    const field = (name) => new RegExp(`^${name}: ?(.*)$`, "m").exec(event)?.[1];
    const data = field("data");
    this.lastId = field("id") ?? this.lastId;
    if (data) this.numbers.push(field("event") === "gap" ? "gap" : JSON.parse(data).number);
  }
}

const browsers = [];

serve({
  open(count) {
    for (let index = 0; index < count; index++) {
      const browser = new Browser();
      browsers.push(browser);
      browser.connect();
    }
  },
  received: () => Math.min(...browsers.map(({ numbers }) => numbers.length)),
  /** How many have anything but 0, 1, 2 … in this order. */
  wrong: () => browsers.filter(({ numbers }) => numbers.some((number, index) => number !== index)).length,
});
