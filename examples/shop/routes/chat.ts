/** The shop's chat: who has its page open is there, and who is there is told to the others. */
import { randomInt } from "node:crypto";
import { createRoom, type Room, sse } from "@larder/client/messaging";
import { type Request, Router } from "express";
import type { Connected } from "../orders/order.ts";
import { chatPage } from "../pages/chat.ts";
import { begin, visitorOf } from "../visitors/visitor.ts";

interface Said {
  text: string;
}

const textLengthMax = 500;
const eventsShown = 100;

export function chatRoutes({ server, namespace }: Connected): { routes: Router; close: () => Promise<void> } {
  const routes = Router();
  const room: Room<Said, null> = createRoom(`${namespace}:chat`, { server, history: { length: 500, age: "1d" } });
  const bridge = sse(room);

  routes.get("/chat", async (request, response) => {
    const visitor = begin(visitorOf(request));
    const [history, members] = await Promise.all([room.history(eventsShown), room.members()]);
    const said = history.flatMap(({ data }) =>
      data.type === "say" ? [{ from: data.from, text: data.data.text }] : [],
    );
    // The script listens from here on, so that nothing is missed between the page and its events.
    const position = history.at(-1)?.id ?? "0-0";
    const view = { said, members: members.map(({ id }) => id), position, name: nameOf(request) };
    response.send(chatPage({ ...view, token: visitor.get("token") ?? "" }));
  });

  routes.get("/chat/events", async (request, response) => {
    const membership = await room.join({ id: nameOf(request) });
    response.once("close", () => void membership.leave().catch(() => {}));
    await bridge.node(request, response);
  });

  routes.post("/chat", async (request, response) => {
    const text = String(request.body?.text ?? "").trim();
    if (text !== "" && text.length <= textLengthMax) {
      // A member of this process, for as long as it takes to say it.
      const membership = await room.join({ id: nameOf(request) });
      await membership.say({ text }).finally(() => membership.leave());
    }
    response.redirect(303, "/chat");
  });

  return {
    routes,
    async close() {
      bridge.close();
      await room.close();
    },
  };
}

/** Of those who have not signed in a made-up one, which their session keeps. */
function nameOf(request: Request): string {
  const visitor = visitorOf(request);
  const name = visitor.get("name") ?? `Guest ${randomInt(1_000, 10_000)}`;
  if (!visitor.has("name")) begin(visitor).set("name", name);
  return name;
}
