/** Proves to an ACME directory (RFC 8555, section 8) that a name is ours: by a file on a port, or by a record that the operator's hook makes. */
import { secretsKeyVariable } from "@larder/service";
import type { AcmeChallenge } from "./certificate-source.ts";

/** One proof: what the directory will look for, where. */
export interface Proof {
  /** Without a wildcard. */
  name: string;
  token: string;
  /** The text of the file, or of the record. */
  answer: string;
}

export interface Prover {
  readonly kind: AcmeChallenge["kind"];
  /** Resolves when the directory can look. */
  show(proof: Proof): Promise<void>;
  hide(proof: Proof): Promise<void>;
  stop(): Promise<void>;
}

/** A DNS needs its time, and a hook that hangs would hold the certificate up for ever. */
const hookTimeoutMs = 300_000;

export function proverOf(challenge: AcmeChallenge, host: string): Prover {
  return challenge.kind === "http-01" ? new HttpProver(host, challenge.port) : new DnsProver(challenge.hookPath);
}

/** The port is open while something is shown. */
class HttpProver implements Prover {
  readonly kind = "http-01";
  readonly #host: string;
  readonly #port: number;
  readonly #shown = new Map<string, string>();
  #server: Bun.Server<undefined> | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  async show({ token, answer }: Proof): Promise<void> {
    this.#shown.set(`/.well-known/acme-challenge/${token}`, answer);
    this.#server ??= Bun.serve({
      hostname: this.#host,
      port: this.#port,
      fetch: (request) => {
        const text = this.#shown.get(new URL(request.url).pathname);
        return text === undefined ? new Response("", { status: 404 }) : new Response(text);
      },
    });
  }

  async hide({ token }: Proof): Promise<void> {
    this.#shown.delete(`/.well-known/acme-challenge/${token}`);
    if (this.#shown.size === 0) await this.stop();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.stop(true);
  }
}

class DnsProver implements Prover {
  readonly kind = "dns-01";
  readonly #hookPath: string;

  constructor(hookPath: string) {
    this.#hookPath = hookPath;
  }

  show(proof: Proof): Promise<void> {
    return this.#run("add", proof);
  }

  hide(proof: Proof): Promise<void> {
    return this.#run("remove", proof);
  }

  async stop(): Promise<void> {}

  /** What it prints is not kept: it may be the DNS provider's secrets. */
  async #run(wish: "add" | "remove", { name, answer }: Proof): Promise<void> {
    const { [secretsKeyVariable]: _, ...env } = process.env;
    const child = Bun.spawn([this.#hookPath, wish, `_acme-challenge.${name}`, answer], {
      env,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
      timeout: hookTimeoutMs,
    });
    const status = await child.exited;
    if (status !== 0) throw new Error(`${this.#hookPath} ${wish} ended with status ${child.signalCode ?? status}`);
  }
}
