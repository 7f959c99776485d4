/**
 * What MONITOR shows, without what is the gateway's own: its commands, which are told by their capital letter (`Ping`), as
 * no client writes them, and the path of the engine's socket, in whose place there is an address that clients can parse.
 */
const ownNames = ["Hello", "Select", "Command", "Client", "Ping", "Info", "Publish"];
const ownCommand = new RegExp(`^\\+[\\d.]+ \\[\\d+ [^\\]]*\\] "(${ownNames.join("|")})"`);
const address = /^(\+[\d.]+ \[\d+ )unix:[^\]]*\]/;
const LF = 10;

export class MonitorLines {
  #partial: Buffer = Buffer.alloc(0);

  /** Takes bytes as they come, and gives back the whole lines to be passed on. */
  take(bytes: Buffer): Buffer {
    const input = Buffer.concat([this.#partial, bytes]);
    const end = input.lastIndexOf(LF) + 1;
    this.#partial = input.subarray(end);
    const kept = input
      .toString("latin1", 0, end)
      .split(/(?<=\n)/)
      .filter((line) => !ownCommand.test(line))
      .map((line) => line.replace(address, "$1127.0.0.1:0]"));
    return Buffer.from(kept.join(""), "latin1");
  }
}
