/** A controller in this process, in a directory of its own, with a fake agent and a fake gateway, for tests. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, SecretKeys, systemClock, systemRandomness } from "@larder/service";
import { Controller } from "./controller.ts";
import type { ControllerOptions } from "./controller-options.ts";
import { FakeAgent, FakeGateway } from "./fake-peers.ts";

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of every resource pass here, and tests look into all of them
  body: any;
}

export class ControllerFixture {
  readonly directory = mkdtempSync(join(tmpdir(), "larder-controller-"));
  readonly keys = new SecretKeys({ path: join(this.directory, "key"), environment: {}, randomness: systemRandomness });
  readonly socketPath = join(this.directory, "c.sock");
  readonly agent = new FakeAgent(this.socketPath);
  readonly gateway = new FakeGateway(this.socketPath);
  readonly controller: Controller;

  constructor(options: Partial<ControllerOptions> = {}) {
    this.controller = this.another(options);
  }

  /** One more controller on the same directory and socket, not started. */
  another(options: Partial<ControllerOptions> = {}): Controller {
    return new Controller({
      dataDirectory: join(this.directory, "data"),
      keys: this.keys,
      socketPath: this.socketPath,
      host: "127.0.0.1",
      apiPort: 0,
      identityPort: undefined,
      agentHost: undefined,
      agentPort: 0,
      tlsPort: 6380,
      portBase: 10_000,
      domain: "larder.localhost",
      certificateSource: { kind: "built-in" },
      certificateCaPath: undefined,
      apiIssuers: [],
      apiAudiences: [],
      tokenIssuers: [],
      tokenAudiences: [],
      operationTimeoutMs: 60_000,
      clock: systemClock,
      randomness: systemRandomness,
      log: createLog("controller", "error"),
      ...options,
    });
  }

  async start(peers: { agent?: boolean; gateway?: boolean } = {}): Promise<void> {
    await this.controller.start();
    if (peers.gateway !== false) this.gateway.start();
    if (peers.agent !== false) await this.agent.start();
  }

  async stop(): Promise<void> {
    this.agent.stop();
    this.gateway.stop();
    await this.controller.stop();
    rmSync(this.directory, { recursive: true });
  }

  get base(): string {
    return `https://localhost:${this.controller.apiPort}`;
  }
  get ca(): string {
    return readFileSync(join(this.directory, "data/pki/ca.pem"), "utf8");
  }
  get token(): string {
    return readFileSync(join(this.directory, "data/admin-token"), "utf8").trim();
  }

  /** One call, with the token and a version unless the path has its own. */
  async call(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const versioned = path.includes("?") ? path : `${path}?api-version=2024-11-01`;
    const url = path.startsWith("https:") ? path : `${this.base}${versioned}`;
    const { body } = options;
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json", ...options.headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      tls: { ca: this.ca },
    });
    const text = await response.text();
    const isJson = text !== "" && response.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  async subscription(): Promise<string> {
    return (await this.call("GET", "/subscriptions")).body.value[0].subscriptionId;
  }

  /** Path of a resource group, which is made. */
  async group(name = "default"): Promise<string> {
    const path = `/subscriptions/${await this.subscription()}/resourceGroups/${name}`;
    await this.call("PUT", path, { body: { location: "local" } });
    return path;
  }

  /** Polls what a write answered with until it has ended. Returns the last answer. */
  async ended(write: Answer): Promise<Answer> {
    const url = write.headers.get("azure-asyncoperation") ?? write.headers.get("location");
    if (url === null) return write;
    for (;;) {
      const poll = await this.call("GET", url);
      if (poll.body.status !== "InProgress") return poll;
    }
  }
}

export const basicC0 = { location: "local", properties: { sku: { name: "Basic", family: "C", capacity: 0 } } };
