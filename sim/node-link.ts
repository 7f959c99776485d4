/** A gateway's connection to a node of its route: opened again when it is lost, with the commands that are in flight. */
import type { Route, RouteNode } from "@larder/api";
import type { Write } from "./client.ts";
import type { FakeEngine } from "./fake-engine.ts";
import type { GatewayModel } from "./gateway-model.ts";
import type { Pipe } from "./network.ts";

const reconnectMs = [5, 60] as const;
/** An engine that answers nothing for so long is taken for dead. */
const silenceMs = 15_000;

export class NodeLink {
  readonly #node: RouteNode;
  readonly #gateway: GatewayModel;
  readonly #inFlight = new Set<Write>();
  #pipe: Pipe | null = null;
  #engine: FakeEngine | null = null;
  #isClosed = false;
  isReady = false;

  constructor(node: RouteNode, gateway: GatewayModel) {
    this.#node = node;
    this.#gateway = gateway;
    this.#connect();
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  send(write: Write, durable: Route["durableWrites"]): void {
    const pipe = this.#pipe as Pipe;
    const engine = this.#engine as FakeEngine;
    const { process, world } = this.#gateway;
    this.#inFlight.add(write);
    write.isDurable = durable !== null;
    pipe.send(process, () =>
      engine.write(write.id, (reply) => {
        const execution = world.watch.executed(engine);
        pipe.send(engine.process, () => {
          if (reply.kind === "refused") return this.#end(write, reply.code);
          write.execution = execution;
          if (durable === null) return this.#end(write, "acknowledged");
          this.#wait(write, reply.offset, durable);
        });
      }),
    );
    process.after(silenceMs, () => {
      if (this.#inFlight.has(write)) this.#lose();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#lose();
  }

  #wait(write: Write, offset: number, durable: NonNullable<Route["durableWrites"]>): void {
    const pipe = this.#pipe as Pipe;
    const engine = this.#engine as FakeEngine;
    pipe.send(this.#gateway.process, () =>
      engine.wait(offset, durable.replicas, durable.timeoutMs, (replicas) =>
        pipe.send(engine.process, () =>
          this.#end(write, replicas >= durable.replicas ? "acknowledged" : "not replicated"),
        ),
      ),
    );
  }

  #end(write: Write, outcome: string): void {
    if (!this.#inFlight.delete(write)) return;
    write.end(outcome);
    this.#gateway.advance();
  }

  #connect(): void {
    if (this.#isClosed) return;
    const { process, world } = this.#gateway;
    const engine = this.#find();
    if (engine === undefined) return this.#again();
    const pipe = world.network.connect(process, engine.process);
    this.#pipe = pipe;
    this.#engine = engine;
    pipe.onClose(process, () => {
      if (this.#pipe === pipe) this.#lose();
    });
    pipe.send(process, () =>
      pipe.send(engine.process, () => {
        this.isReady = true;
        this.#gateway.advance();
        this.#gateway.pump();
      }),
    );
  }

  /** By its socket on the same machine, whichever life is behind it; else by its address. */
  #find(): FakeEngine | undefined {
    const { world, process } = this.#gateway;
    const { nodeId, address } = this.#node;
    const local = world.hosts.find(({ machine }) => machine === process.machine)?.engines.get(nodeId);
    return local ?? (address === null ? undefined : world.engineAt(address));
  }

  #lose(): void {
    this.#pipe?.close(this.#gateway.process);
    this.#pipe = null;
    this.isReady = false;
    for (const write of [...this.#inFlight]) this.#end(write, "unknown");
    this.#again();
  }

  #again(): void {
    const { process, world } = this.#gateway;
    if (!this.#isClosed) process.after(world.chance.between(...reconnectMs), () => this.#connect());
  }
}
