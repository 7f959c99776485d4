/** The feed of one container: where it begins, its pages, and the token after what was given. */
import type { ChangeFeedIteratorResponse, ChangeFeedMode, ChangeFeedPullModelIterator } from "@azure/cosmos";
import type { Clock } from "../../clock.ts";
import type { Change, Row } from "../change.ts";
import { DatabaseRefused } from "../source.ts";
import { changeOfLatest, changeOfVersion, propertiesOf } from "./cosmos-change.ts";
import { type CosmosSourceOptions, cosmosLimits, type FollowedContainer } from "./options.ts";

interface ContainerFeedOptions extends FollowedContainer {
  table: string;
  startFrom: CosmosSourceOptions["startFrom"];
  mode: NonNullable<CosmosSourceOptions["mode"]>;
  token: string | undefined;
  clock: Clock;
}

type Answer = ChangeFeedIteratorResponse<Row[]>;

/** So many pages of a busy container may come before its beginning is known in each of its partitions. */
const beginningPagesMax = 100;

export interface Beginning {
  token: string;
  /** Why changes may have been missed before; undefined: none were. */
  whyAnew?: string;
}

export interface Page {
  /** None: there is nothing new. */
  changes: Change[];
  committedMs: number;
  /** After this page. */
  token: string;
}

export class ContainerFeed {
  readonly table: string;
  readonly #options: ContainerFeedOptions;
  #fixed: readonly string[] = [];
  #iterator: ChangeFeedPullModelIterator<Row> | undefined;
  #first: Answer | undefined;

  constructor(options: ContainerFeedOptions) {
    this.#options = options;
    this.table = options.table;
  }

  /** Rejects with DatabaseRefused for what a person has to mend. */
  async begin(): Promise<Beginning> {
    try {
      const { container, fixed = [], token } = this.#options;
      const { resource } = await container.getPartitionKeyDefinition();
      this.#fixed = ["id", ...propertiesOf(resource?.paths ?? []), ...fixed];
      if (token !== undefined) return await this.#resume(token);
      return await this.#beginNow(
        `The container ${this.table} is followed for the first time, or its position was lost.`,
      );
    } catch (error) {
      throw this.#refusalOf(error) ?? error;
    }
  }

  async next(): Promise<Page> {
    const answer = this.#first ?? (await this.#read());
    this.#first = undefined;
    const { table, isDeleted, mode, clock } = this.#options;
    const token = answer.continuationToken;
    const at = { table, fixed: this.#fixed, position: token, isDeleted };
    const changes = (answer.statusCode === 304 ? [] : answer.result).map((item) =>
      mode === "all versions" ? changeOfVersion(item as never, at) : changeOfLatest(item, at),
    );
    return { changes, committedMs: clock.monotonicMs() - ageMs(changes, answer.headers.date), token };
  }

  async #resume(token: string): Promise<Beginning> {
    try {
      this.#iterator = this.#iterate(this.#options.startFrom.Continuation(token));
      this.#first = await this.#read();
      return { token };
    } catch (error) {
      if (!isTokenRefused(error)) throw error;
      return this.#beginNow(
        `The container ${this.table} was made anew, or its position is too old: ${(error as Error).message}`,
      );
    }
  }

  /** What comes before every partition has said that there is nothing new is from before "anew". */
  async #beginNow(whyAnew: string): Promise<Beginning> {
    this.#iterator = this.#iterate(this.#options.startFrom.Now());
    let answer = await this.#read();
    for (let pages = 1; answer.statusCode !== 304 && pages < beginningPagesMax; pages++) answer = await this.#read();
    return { token: answer.continuationToken, whyAnew };
  }

  #iterate(changeFeedStartFrom: ReturnType<CosmosSourceOptions["startFrom"]["Now"]>) {
    const { container, mode } = this.#options;
    const feed = mode === "all versions" ? "Full-Fidelity Feed" : "Incremental Feed";
    return container.items.getChangeFeedIterator<Row>({
      changeFeedStartFrom,
      changeFeedMode: feed as ChangeFeedMode,
      maxItemCount: cosmosLimits.pageItemsMax,
    });
  }

  async #read(): Promise<Answer> {
    const answer = (await this.#iterator?.readNext()) as Answer;
    const { statusCode: code } = answer;
    if (code === 200 || code === 304) return answer;
    throw Object.assign(new Error(`The change feed answers with status ${code}.`), { code });
  }

  #refusalOf(error: unknown): DatabaseRefused | undefined {
    const { code } = error as { code?: unknown };
    const { table, mode } = this.#options;
    const refuse = (as: DatabaseRefused["code"], message: string) => new DatabaseRefused(as, message, { cause: error });
    if (code === 401 || code === 403)
      return refuse(
        "PERMISSION_DENIED",
        `Cosmos DB does not let this key or role read the container of "${table}" and its change feed.`,
      );
    if (code === 404) return refuse("TABLE_UNKNOWN", `The container of "${table}" does not exist.`);
    if (code === 400 && mode === "all versions")
      return refuse(
        "LOG_NOT_AVAILABLE",
        `The container of "${table}" has no feed of all versions: turn on continuous backups and that feature for the account, or follow "latest versions".`,
      );
    return undefined;
  }
}

/** 400 and 410 are Cosmos DB's words for one that it does not know or that is too old; the first is the package's own. */
function isTokenRefused(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return /continuation token/i.test(String(message)) || code === 400 || code === 410;
}

/** Of the oldest, by Cosmos DB's own clock, in whole seconds. */
function ageMs(changes: readonly Change[], serverDate: string | number | boolean | undefined): number {
  const nowMs = Date.parse(String(serverDate));
  const oldestMs = Math.min(...changes.map((change) => change.committedAtMs));
  return Number.isFinite(nowMs - oldestMs) ? Math.max(0, nowMs - oldestMs) : 0;
}
