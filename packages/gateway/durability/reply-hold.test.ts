import { beforeEach, expect, test } from "bun:test";
import { ReplyHold } from "./reply-hold.ts";
import { outcomeUnknownReply } from "./unconfirmed-replies.ts";
import { WriteBatch } from "./write-batch.ts";

const error = Buffer.from("-NOREPLICAS\r\n");
const lost = outcomeUnknownReply;

let batch: WriteBatch;
let got: string;
let replied: number;
let messages: number;
let isEmpty: boolean;
let client: {
  isClosed: boolean;
  isInsideReply: boolean;
  hasMessages: boolean;
  deliver(bytes: Buffer, start: number, end: number): void;
  onReplied(count: number): void;
  sendMessages(): void;
};
let owner: { heldBytes: number; join(hold: ReplyHold): WriteBatch };
let hold: ReplyHold;

beforeEach(() => {
  batch = new WriteBatch();
  got = "";
  replied = 0;
  messages = 0;
  isEmpty = false;
  client = {
    isClosed: false,
    isInsideReply: false,
    hasMessages: false,
    deliver(bytes, start, end) {
      got += bytes.toString("latin1", start, end);
    },
    onReplied(count) {
      replied += count;
    },
    sendMessages() {
      messages++;
    },
  };
  owner = {
    heldBytes: 0,
    join(joining) {
      batch.holds.add(joining);
      return batch;
    },
  };
  hold = new ReplyHold({ client, owner, onEmpty: () => (isEmpty = true) });
});

/** Replies of one kind, as they came in one piece. */
function take(kind: "write" | "read", text: string, whole: number, isOpen = false): void {
  hold.begin(kind === "write");
  const bytes = Buffer.from(`<<${text}`);
  hold.deliver(bytes, 2, bytes.length);
  hold.end(whole, isOpen);
}

/** The batch so far, and one that gathers from now on. */
function nextBatch(): WriteBatch {
  const asked = batch;
  batch = new WriteBatch();
  return asked;
}

test("keeps a write's reply, and what follows, until its batch is confirmed", () => {
  take("write", "+OK\r\n:1\r\n", 2);
  take("read", "$1\r\nv\r\n", 1);
  expect([got, replied, owner.heldBytes]).toEqual(["", 0, 16]);
  nextBatch().settle(null);
  expect([got, replied, owner.heldBytes, isEmpty]).toEqual(["+OK\r\n:1\r\n$1\r\nv\r\n", 3, 0, true]);
});

test("keeps what came after the question was asked for the next one", () => {
  take("write", ":1\r\n", 1);
  const first = nextBatch();
  take("read", ":0\r\n", 1);
  take("write", ":2\r\n", 1);
  first.settle(null);
  expect([got, replied, isEmpty]).toEqual([":1\r\n:0\r\n", 2, false]);
  nextBatch().settle(error);
  expect([got, replied, isEmpty]).toEqual([`:1\r\n:0\r\n${error}`, 3, true]);
});

test("lets an older batch that is settled late pass first", () => {
  take("write", ":1\r\n", 1);
  const first = nextBatch();
  take("write", ":2\r\n", 1);
  nextBatch().settle(null);
  expect(got).toBe("");
  first.settle(null);
  expect(got).toBe(":1\r\n:2\r\n");
});

test("puts an error in the place of each write that is not confirmed, but of no error and no read", () => {
  take("write", ":1\r\n-WRONGTYPE\r\n*2\r\n:1\r\n$1\r\nx\r\n!3\r\nERR\r\n", 4);
  take("read", ":7\r\n", 1);
  nextBatch().settle(error);
  expect([got, replied]).toEqual([`${error}-WRONGTYPE\r\n${error}!3\r\nERR\r\n:7\r\n`, 5]);
});

test("answers nothing to who wants no answer", () => {
  take("write", "", 2);
  nextBatch().settle(error);
  expect([got, replied]).toEqual(["", 2]);
});

test("passes the rest of a reply that had begun when its batch was confirmed", () => {
  take("write", ":1\r\n$10\r\nabc", 1, true);
  nextBatch().settle(null);
  expect([got, replied, hold.isPassing, client.isInsideReply, isEmpty]).toEqual([
    ":1\r\n$10\r\nabc",
    1,
    true,
    true,
    false,
  ]);
  take("write", "def", 0, true);
  client.hasMessages = true;
  take("write", "ghij\r\n", 1);
  expect(got).toBe(":1\r\n$10\r\nabcdefghij\r\n");
  expect([replied, hold.isPassing, client.isInsideReply, isEmpty, messages]).toEqual([2, false, false, true, 1]);
});

test("drops the rest of one that was not, and says so at its end", () => {
  take("write", ":1\r\n$10\r\nabc", 1, true);
  nextBatch().settle(error);
  expect([got, replied, client.isInsideReply, owner.heldBytes]).toEqual([`${error}`, 1, false, 0]);
  take("write", "defghij\r\n", 1);
  expect([got, replied, isEmpty]).toEqual([`${error}${error}`, 2, true]);
});

test("passes an error of the engine that had begun", () => {
  take("write", "-WRO", 0, true);
  nextBatch().settle(error);
  take("write", "NGTYPE\r\n", 1);
  expect([got, replied]).toEqual(["-WRONGTYPE\r\n", 1]);
});

test("a read that has begun behind a write passes once that is confirmed", () => {
  take("write", ":1\r\n", 1);
  take("read", "$4\r\nab", 0, true);
  nextBatch().settle(null);
  expect(got).toBe(":1\r\n$4\r\nab");
  take("read", "cd\r\n", 1);
  expect([got, replied, isEmpty]).toEqual([":1\r\n$4\r\nabcd\r\n", 2, true]);
});

test("of a lost connection writes are unknown, reads stay, and what had begun is left to be asked again", () => {
  take("write", ":1\r\n:2\r\n", 2);
  take("read", ":7\r\n$4\r\nab", 1, true);
  hold.abandon();
  expect([got, replied, owner.heldBytes, isEmpty]).toEqual([`${lost}${lost}:7\r\n`, 3, 0, true]);
  isEmpty = false;
  nextBatch().settle(null);
  expect([got, isEmpty]).toEqual([`${lost}${lost}:7\r\n`, false]);
});

test("keeps nothing for a client that is gone", () => {
  take("write", ":1\r\n", 1);
  hold.discard();
  expect([owner.heldBytes, isEmpty]).toEqual([0, true]);
  nextBatch().settle(null);
  expect([got, replied]).toEqual(["", 0]);
});
