/**
 * The interactive console. One line runs at a time; while one runs, Ctrl-C drops the connection and opens the next one
 * with the same database selected, as that is the only way to take back a command that waits.
 */
import { createInterface, type Interface } from "node:readline";
import type { Terminal } from "../terminal.ts";
import { formatCommandHelp, generalHelp } from "./command-help.ts";
import { completeLine, readCommandNames } from "./command-names.ts";
import { ConsoleConnection, type ConsoleTarget } from "./console-connection.ts";
import { isEndless } from "./endless-command.ts";
import type { HistoryFile } from "./history-file.ts";
import { splitLine } from "./input-line.ts";
import { isPlainReport } from "./plain-report.ts";
import { afterCommand, formatPrompt, initialPromptState, type PromptState } from "./prompt-state.ts";
import type { Reply } from "./reply.ts";
import { formatForTerminal, formatReply } from "./reply-format.ts";
import { isSecret } from "./secret-line.ts";

export interface PromptOptions {
  name: string;
  target: ConsoleTarget;
  terminal: Terminal;
  history: HistoryFile;
}

const clearScreen = "\x1b[H\x1b[2J\x1b[3J";
const historyLinesMax = 1_000;

export class Prompt {
  readonly #options: PromptOptions;
  #connection: ConsoleConnection | undefined;
  #state: PromptState;
  #names: Promise<string[]> | undefined;
  #isBusy = false;
  #isInterrupted = false;
  /** By a command; Ctrl-D leaves without one, in the middle of the prompt's line. */
  #isLeaving = false;

  constructor(options: PromptOptions) {
    this.#options = options;
    this.#state = { ...initialPromptState, isResp3: options.target.isResp3 };
  }

  /** Resolves when the person leaves. */
  async run(): Promise<void> {
    this.#connection = await this.#connect();
    const lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      history: this.#options.history.load().reverse(),
      historySize: historyLinesMax,
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
        void this.#complete(line).then((matches) => done(null, [matches, line]));
      },
    });
    lines.on("SIGINT", () => this.#interrupt(lines));
    await this.#readLines(lines);
    this.#connection?.close();
  }

  /** Lines may come faster than they run (a paste): they wait their turn. */
  #readLines(lines: Interface): Promise<void> {
    return new Promise((resolve) => {
      let last = Promise.resolve();
      this.#ask(lines);
      lines.on("line", (line) => {
        last = last.then(() => this.#take(line, lines));
      });
      lines.on("close", () => {
        if (!this.#isLeaving) this.#print("\n");
        void last.then(resolve);
      });
    });
  }

  #ask(lines: Interface): void {
    const isLost = this.#connection === undefined || this.#connection.isClosed;
    lines.setPrompt(isLost ? "not connected> " : formatPrompt(this.#options.name, this.#state));
    lines.prompt();
  }

  async #take(line: string, lines: Interface): Promise<void> {
    this.#isBusy = true;
    this.#isInterrupted = false;
    const isLeaving = await this.#runLine(line, lines);
    this.#isBusy = false;
    if (isLeaving) this.#leave(lines);
    else this.#ask(lines);
  }

  #leave(lines: Interface): void {
    this.#isLeaving = true;
    lines.close();
  }

  async #runLine(line: string, lines: Interface): Promise<boolean> {
    const args = splitLine(line);
    const words = (args ?? []).map(String);
    this.#remember(line, words, lines);
    if (args === undefined) this.#print("Invalid argument(s)\n");
    else if (words.length > 0) return this.#runWords(args, words);
    return false;
  }

  async #runWords(args: Buffer[], words: string[]): Promise<boolean> {
    const word = words[0]?.toLowerCase();
    if (word === "exit" || word === "quit") return true;
    if (word === "clear" || word === "help" || word === "?") {
      this.#print(word === "clear" ? clearScreen : await this.#help(words.slice(1)));
      return false;
    }
    try {
      await this.#runCommand(args, words);
    } catch (error) {
      this.#print(this.#isInterrupted ? "\n" : `${(error as Error).message}\n`);
      await this.#reconnect();
    }
    return false;
  }

  async #runCommand(args: Buffer[], words: string[]): Promise<void> {
    if (this.#connection === undefined || this.#connection.isClosed) this.#connection = await this.#connect();
    if (isEndless(args)) {
      this.#print("Reading messages... (press Ctrl-C to stop)\n");
      this.#connection.sendUnasked(args);
      await this.#connection.closed;
      return;
    }
    const reply = await this.#connection.send(args);
    this.#state = afterCommand(this.#state, words, reply);
    process.stdout.write(formatReply(reply, "terminal", isPlainReport(args)));
  }

  async #connect(): Promise<ConsoleConnection> {
    const { database, isResp3 } = this.#state;
    const connection = await ConsoleConnection.open({ ...this.#options.target, isResp3 });
    connection.onUnasked = (reply) => this.#print(formatForTerminal(reply));
    if (database !== 0) await connection.send([Buffer.from("SELECT"), Buffer.from(String(database))]);
    this.#state = { ...this.#state, isTransaction: false };
    return connection;
  }

  /** After a loss; the next command tries again, and says what is wrong, where this cannot. */
  async #reconnect(): Promise<void> {
    this.#connection = await this.#connect().catch(() => undefined);
  }

  #interrupt(lines: Interface): void {
    if (this.#isBusy) {
      this.#isInterrupted = true;
      this.#connection?.close();
      return;
    }
    this.#print(lines.line === "" ? "\n(type exit or press Ctrl-D to leave)\n" : "^C\n");
    // Typed text belongs to the line that is given up: Ctrl-U and Ctrl-K, before and after the cursor.
    lines.write(null, { ctrl: true, name: "u" });
    lines.write(null, { ctrl: true, name: "k" });
    this.#ask(lines);
  }

  #remember(line: string, words: string[], lines: Interface): void {
    if (words.length === 0) return;
    if (!isSecret(words)) return this.#options.history.append(line);
    const history = (lines as Interface & { history?: string[] }).history;
    if (history?.[0] === line) history.shift();
  }

  async #complete(line: string): Promise<string[]> {
    this.#names ??= this.#askAside(["COMMAND"]).then(readCommandNames);
    return completeLine(line, await this.#names.catch(() => []));
  }

  async #help(words: string[]): Promise<string> {
    if (words.length === 0) return generalHelp;
    const reply = await this.#askAside(["COMMAND", "DOCS", words.join("|")]).catch(() => undefined);
    const page = reply && formatCommandHelp(reply, this.#options.terminal.colors);
    return page ?? `There is no help for ${words.join(" ")}.\n`;
  }

  /** Over a connection of its own, as the prompt's may be in a transaction. */
  async #askAside(words: string[]): Promise<Reply> {
    const connection = await ConsoleConnection.open(this.#options.target);
    try {
      return await connection.send(words.map((word) => Buffer.from(word)));
    } finally {
      connection.close();
    }
  }

  #print(text: string): void {
    this.#options.terminal.out(text);
  }
}
