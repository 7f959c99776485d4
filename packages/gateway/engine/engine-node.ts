/** What one cache has towards one engine process: its pools, and what is known of its commands. */
import type { EngineLogin, Route } from "@larder/api";
import type { CommandTable, Protocol, Reply } from "@larder/resp";
import type { Clock, Randomness } from "@larder/service";
import type { ClientConnection } from "../client/client-connection.ts";
import { buildCommandTable, loginCommandTable } from "../commands/command-classes.ts";
import { WriteConfirmer } from "../durability/write-confirmer.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { type AskConnection, connectToAsk } from "./ask-connection.ts";
import type { EnginePlace } from "./engine-place.ts";
import { EnginePool, type PoolKey } from "./engine-pool.ts";
import { EngineWatch } from "./engine-watch.ts";
import type { ServerTarget } from "./server-connection.ts";

export interface EngineNodeOptions {
  /** null while the cache has no primary: clients are held. */
  place: EnginePlace | null;
  /** The route in force. */
  route(): Route;
  /** The present password of an engine's user; undefined where the route in force has no such user. */
  login(engineUser: string): EngineLogin | undefined;
  randomness: Randomness;
  clock: Clock;
  /** It stands in for the primary, for reads. */
  isReplica?: boolean;
  /** It is to become the primary, and may be its replica still. */
  isNext?: boolean;
}

export class EngineNode {
  /** What the engine can do; null until it was asked. */
  commands: CommandTable | null = null;
  /** What can be told without having asked it. */
  loginCommands: CommandTable;

  /** Whom writes wait for; null where they are answered as soon as the engine has them. */
  confirmer: WriteConfirmer | null = null;

  /** Of a native engine on this machine, once it has been asked something. */
  processId: number | null = null;

  readonly #options: EngineNodeOptions;
  readonly #pools = new Map<string, EnginePool>();
  #commandReply: Reply = null;
  #countsReceivers = false;
  /** The table that is not in use, as it changes with the first and the last subscription. */
  #otherCommands: CommandTable | null = null;

  readonly #watch: EngineWatch;
  #isClosed = false;
  #isNext: boolean;
  #watchTimer: Timer | null = null;
  #askConnection: AskConnection | null = null;
  #learnedSlow: ReadonlySet<string> = new Set();

  constructor(options: EngineNodeOptions) {
    this.#options = options;
    this.#isNext = options.isNext === true;
    this.#watch = new EngineWatch({
      ask: (words) => this.#ask(words),
      onSilent: () => this.#giveUp(),
      onSlow: (commands) => {
        this.#learnedSlow = commands;
        this.buildTables();
      },
      monotonicMs: () => options.clock.monotonicMs(),
    });
    this.loginCommands = loginCommandTable(options.route().refusedCommands);
    this.confirmer = this.#openConfirmer();
  }

  /** As the route in force says, which may be newer than the node. */
  followDurability(): void {
    const wanted = this.#options.route().durableWrites;
    if (this.confirmer !== null && wanted !== null) this.confirmer.wanted = wanted;
    if ((this.confirmer === null) === (wanted === null)) return;
    // It ends once what it was asked for is confirmed.
    this.confirmer?.retire();
    this.confirmer = this.#openConfirmer();
    for (const pool of this.#pools.values()) pool.renew();
  }

  #openConfirmer(): WriteConfirmer | null {
    const { route, randomness, clock } = this.#options;
    const { durableWrites } = route();
    if (durableWrites === null || this.isReplica) return null;
    const connect = () => {
      const target = this.ownTarget();
      return target === null ? Promise.resolve(null) : connectToAsk(target);
    };
    return new WriteConfirmer({ wanted: durableWrites, connect, randomness, clock });
  }

  get place(): EnginePlace | null {
    return this.#options.place;
  }

  get pools(): Iterable<EnginePool> {
    return this.#pools.values();
  }

  get isReplica(): boolean {
    return this.#options.isReplica === true;
  }

  /** Whether the cache may be read from other nodes while this one is away. */
  get hasReplicas(): boolean {
    return this.#options.route().readNodes.length > 0;
  }

  /** It could not be connected to since it last was. */
  get isAway(): boolean {
    return this.#options.place === null || [...this.#pools.values()].some(({ fast }) => fast.isAway);
  }

  /** Nothing is in flight on what is shared. */
  get isDrained(): boolean {
    return [...this.#pools.values()].every((pool) => pool.isDrained);
  }

  /** How to connect as a pool does, with the user's present password; null while there is no node. */
  target(
    { user, database, protocol }: PoolKey,
    { wantsCommands, mustLead = false }: { wantsCommands: boolean; mustLead?: boolean },
  ): ServerTarget | null {
    const { place, route, login } = this.#options;
    if (place === null) return null;
    return {
      place,
      own: route().ownLogin,
      login: login(user.engineUser) ?? user,
      protocol,
      database,
      wantsCommands,
      mustLead,
    };
  }

  /** For what the gateway asks by itself. */
  ownTarget(): ServerTarget | null {
    const user = this.#options.route().ownLogin;
    return this.target({ user, database: 0, protocol: 2 }, { wantsCommands: false });
  }

  /** How the subscriptions of an engine's user connect: to the place, or else to this node; null while there is none. */
  subscriberTarget(engineUser: string, place?: EnginePlace): ServerTarget | null {
    const user = this.#options.login(engineUser);
    if (user === undefined) return null;
    const target = this.target({ user, database: 0, protocol: 3 }, { wantsCommands: false });
    return target === null || place === undefined ? target : { ...target, place };
  }

  /** Connects before the first client comes, so that its first command waits for nothing. */
  warm(): void {
    if (this.#options.place === null) return;
    this.pool(this.#options.route().ownLogin, 0, 2).fast.ensure();
    this.#watchTimer ??= setInterval(() => this.#watch.look(), limits.engineWatchMs);
  }

  pool(user: EngineLogin, database: number, protocol: Protocol): EnginePool {
    const key: PoolKey = { user, database, protocol };
    const name = `${user.engineUser} ${database} ${protocol}`;
    let pool = this.#pools.get(name);
    if (pool === undefined) {
      pool = new EnginePool(this, key, this.#options.randomness);
      this.#pools.set(name, pool);
    }
    return pool;
  }

  /** Ends connections as others than the gateway's own user that none of the clients has had for long. */
  closeUnused(clients: Iterable<ClientConnection>): void {
    const { route, clock } = this.#options;
    const own = route().ownLogin.engineUser;
    const others = [...this.#pools].filter(([, { key }]) => key.user.engineUser !== own);
    if (others.length === 0) return;
    const used = new Set<EnginePool | null>();
    for (const client of clients) used.add(client.pool);
    for (const [name, pool] of others) {
      if (!pool.isUnusedFor(limits.poolUnusedMs, { isUsed: used.has(pool), nowMs: clock.monotonicMs() })) continue;
      this.#pools.delete(name);
      pool.close();
    }
  }

  /** Clients' commands go to it only as a primary. */
  get mustLead(): boolean {
    return !this.isReplica && !this.#isNext;
  }

  /** It is the primary from here on. */
  lead(): void {
    this.#isNext = false;
  }

  /** It has said that it is no primary: no further command goes out, and each connection ends with what is in flight on it. */
  stepDown(): void {
    counters.larder_gateway_engines_demoted_total++;
    for (const pool of this.#pools.values()) pool.renew();
  }

  learnCommands(reply: Reply): void {
    if (reply === null) return;
    this.#commandReply = reply;
    this.buildTables();
  }

  /** For the time without a node: reads are to be told from the rest still. */
  keepCommandsOf(former: EngineNode): void {
    this.learnCommands(former.#commandReply);
  }

  /** Anew for each route, which says what is refused, and with what is learned. */
  buildTables(): void {
    const refused = this.#options.route().refusedCommands;
    this.loginCommands = loginCommandTable(refused);
    if (this.#commandReply === null) return;
    const options = { learnedSlow: this.#learnedSlow, refused };
    const countsReceivers = this.#countsReceivers;
    this.commands = buildCommandTable(this.#commandReply, { ...options, countsReceivers });
    this.#otherCommands = buildCommandTable(this.#commandReply, { ...options, countsReceivers: !countsReceivers });
  }

  /** Whether PUBLISH is to be looked at (publish-command.ts). */
  countReceivers(isNeeded: boolean): void {
    if (isNeeded === this.#countsReceivers) return;
    this.#countsReceivers = isNeeded;
    [this.commands, this.#otherCommands] = [this.#otherCommands, this.commands];
  }

  /** Asks as another user than the gateway's own, on a connection for such questions; undefined where there is no answer. */
  async askAs(
    { engineUser, enginePassword }: EngineLogin,
    words: readonly (string | Buffer)[],
  ): Promise<Reply | undefined> {
    const pool = this.pool({ engineUser, enginePassword }, 0, 2);
    const target = this.target(pool.key, { wantsCommands: false });
    return target === null ? undefined : pool.questions.ask(target, words);
  }

  async #ask(words: readonly string[]): Promise<Reply | undefined> {
    const target = this.ownTarget();
    if (target === null) return undefined;
    if (this.#askConnection?.state !== "ready") this.#askConnection = await connectToAsk(target);
    if (this.#isClosed) this.#askConnection?.close();
    this.processId = this.#askConnection?.engineProcess ?? null;
    return this.#askConnection?.ask(words);
  }

  #giveUp(): void {
    counters.larder_gateway_engines_silent_total++;
    this.#askConnection?.close();
    for (const pool of this.#pools.values()) pool.giveUp();
    this.confirmer?.giveUp();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#watchTimer !== null) clearInterval(this.#watchTimer);
    this.#askConnection?.close();
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
    this.confirmer?.close();
  }
}
