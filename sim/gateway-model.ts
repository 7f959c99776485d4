/**
 * A gateway as served-cache.ts and move.ts are: follows route tables, keeps the last on disk, refuses older epochs, sends
 * clients' writes to the node of the route, and takes part in planned moves.
 *
 * A write that was sent and whose connection is lost has an unknown outcome; one that was not sent waits for the next
 * node, at most `waitMsMax`.
 */
import {
  gatewayLimits,
  type MoveReport,
  type Route,
  type RouteMove,
  type RouteNode,
  type RouteTable,
} from "@larder/api";
import type { Write } from "./client.ts";
import { ControllerLine } from "./controller-line.ts";
import { NodeLink } from "./node-link.ts";
import { type Machine, Process } from "./process.ts";
import type { World } from "./world.ts";

const waitMsMax = 5_000;
const diskMs = [0, 8] as const;

export interface GatewayDisk {
  table: RouteTable | null;
}

interface Move {
  moveId: string;
  link: NodeLink;
  target: RouteNode;
  state: MoveReport["state"];
  wantsHold: number | null;
}

export class GatewayModel {
  readonly process: Process;
  readonly worker: string;
  readonly world: World;
  readonly #disk: GatewayDisk;
  readonly #line: ControllerLine;
  #table: RouteTable | null = null;
  #route: Route | null = null;
  #link: NodeLink | null = null;
  #move: Move | null = null;
  #waiting: Write[] = [];

  constructor(machine: Machine, disk: GatewayDisk, world: World) {
    this.process = new Process(machine);
    this.worker = world.chance.uuid();
    this.world = world;
    this.#disk = disk;
    this.#line = new ControllerLine(this.process, world, gatewayLimits.keepAliveMs);
  }

  get routeEpoch(): number {
    return this.#route?.epoch ?? 0;
  }

  get routeNode(): RouteNode | null {
    return this.#route?.node ?? null;
  }

  start(): void {
    if (this.#disk.table !== null) this.#take(this.#disk.table);
    this.#line.follow(
      (controller, pipe, say) => controller.watchGateway(this.worker, pipe, say),
      (line) => this.#hear(JSON.parse(line) as RouteTable),
    );
    this.#report();
    this.process.every(gatewayLimits.reportEveryMs, () => this.#report());
  }

  /** From a client, on a connection that ends with this process. */
  write(write: Write): void {
    this.#waiting.push(write);
    this.process.after(waitMsMax, () => {
      if (!this.#waiting.includes(write)) return;
      this.#waiting = this.#waiting.filter((each) => each !== write);
      write.end("unavailable");
    });
    this.pump();
  }

  /** Sends what may be sent. */
  pump(): void {
    const link = this.#link;
    if (link === null || !link.isReady || this.#isHolding) return;
    for (const write of this.#waiting.splice(0)) link.send(write, this.#route?.durableWrites ?? this.world.durable);
  }

  // ── routes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #hear(table: RouteTable): void {
    this.#take(table);
    this.#report();
    this.process.after(this.world.chance.between(...diskMs), () => {
      this.#disk.table = table;
    });
  }

  #take(table: RouteTable): void {
    this.#table = table;
    const route = table.routes[0] ?? null;
    if (route === null || (this.#route !== null && route.epoch < this.#route.epoch)) return;
    const isSame = this.#route !== null && isSameNode(route.node, this.#route.node);
    this.#route = route;
    if (isSame) this.#followMove(route.move);
    else this.#changeNode(route.node);
  }

  #changeNode(node: RouteNode | null): void {
    const move = this.#move;
    if (move?.state === "drained" && isSameNode(move.target, node)) {
      this.#link?.close();
      this.#link = move.link;
      this.#move = null;
      this.world.watch.onHoldEnd(this);
    } else {
      this.#callOff();
      this.#link?.close();
      this.#link = node === null ? null : new NodeLink(node, this);
    }
    this.pump();
  }

  // ── moves ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  get #isHolding(): boolean {
    return this.#move?.state === "draining" || this.#move?.state === "drained";
  }

  #followMove(move: RouteMove | null): void {
    if (this.#move !== null && this.#move.moveId !== move?.moveId) this.#callOff();
    if (move === null) return this.pump();
    this.#move ??= {
      moveId: move.moveId,
      link: new NodeLink(move.target, this),
      target: move.target,
      state: "preparing",
      wantsHold: null,
    };
    if (move.phase === "hold") this.#move.wantsHold = move.holdMs;
    this.advance();
  }

  /** Looks what the move's next state is. */
  advance(): void {
    const move = this.#move;
    if (move === null) return;
    if (move.state === "preparing" && move.link.isReady) this.#become(move, "prepared");
    if (move.state === "prepared" && move.wantsHold !== null) {
      this.#become(move, "draining");
      this.world.watch.onHold(this);
      this.process.after(move.wantsHold, () => this.#expire(move));
    }
    if (move.state === "draining" && (this.#link?.inFlight ?? 0) === 0) this.#become(move, "drained");
  }

  #become(move: Move, state: MoveReport["state"]): void {
    move.state = state;
    this.#report();
  }

  #expire(move: Move): void {
    if (this.#move !== move || !this.#isHolding) return;
    move.link.close();
    this.#become(move, "expired");
    this.world.watch.onHoldEnd(this);
    this.pump();
  }

  #callOff(): void {
    if (this.#isHolding) this.world.watch.onHoldEnd(this);
    this.#move?.link.close();
    this.#move = null;
    this.pump();
  }

  #report(): void {
    this.#line.report(
      () => {
        const report = this.#observed();
        return (controller) => controller.gatewayReported(report);
      },
      () => "taken",
    );
  }

  #observed() {
    const route = this.#route;
    const { moveId, state } = this.#move ?? {};
    return {
      worker: this.worker,
      index: 1,
      workers: 1,
      pid: 1,
      revision: this.#table?.revision ?? 0,
      privateNetworks: [],
      listeners: route === null ? [] : [{ cacheId: route.cacheId, port: route.tlsPort, error: null }],
      clients: [],
      moves:
        route === null || moveId === undefined || state === undefined
          ? []
          : [{ cacheId: route.cacheId, moveId, state, inFlight: this.#link?.inFlight ?? 0 }],
      metrics: {},
    };
  }
}

function isSameNode(one: RouteNode | null, other: RouteNode | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
