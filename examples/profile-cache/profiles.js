/**
 * User profiles, read through a cache: look there first, load from the database on a miss, store for an hour.
 *
 * The database is the truth; the cache only saves its work. So nothing here fails because the cache does: a cache that
 * is down, slow or full of rubbish costs a query and a line in the log.
 *
 * A change and a read can overlap: the read loads the old row, the change is made, the read stores what it loaded, and
 * the old profile would stay for an hour. A change therefore does not delete the entry but replaces it by a marker, and
 * reads store only where there is no entry. While the marker stands, a profile is not stored at all.
 *
 * Users that do not exist are not stored: ids come from outside, so anybody could fill the cache with made-up ones, and
 * finding no row is cheap.
 */
import { loadProfile, updateUser } from "./profile-queries.js";

/** @typedef {import("./profile-queries.js").Profile} Profile */
/** @typedef {"hit" | "miss" | "unavailable"} Source */

const secondsToLive = 3600;
/** Must outlast the slowest read, from its query to its SET. */
const secondsMarked = 10;
const changedMarker = "changed";
/** A cache that takes longer is no help. Commands that were sent have no limit of time in the client itself. */
const cacheTimeoutMs = 250;

export class Profiles {
  #database;
  #cache;
  #log;

  /**
   * @param {object} parts
   * @param {import("pg").Pool} parts.database
   * @param {import("redis").RedisClientType} parts.cache
   * @param {(message: string, error: unknown) => void} parts.log
   */
  constructor({ database, cache, log }) {
    this.#database = database;
    this.#cache = cache;
    this.#log = log;
  }

  /**
   * @param {number} id
   * @returns {Promise<{ profile: Profile | null, source: Source }>} `profile` is null where there is no such user
   */
  async read(id) {
    const found = await this.#lookUp(id);
    if (found.profile !== null) return { profile: found.profile, source: "hit" };
    const profile = await loadProfile(this.#database, id);
    if (!found.isAvailable) return { profile, source: "unavailable" };
    if (profile !== null) await this.#store(id, profile);
    return { profile, source: "miss" };
  }

  /**
   * @param {number} id
   * @param {{ name: string, email: string }} user
   * @returns {Promise<boolean>} whether there is such a user
   */
  async update(id, user) {
    const exists = await updateUser(this.#database, id, user);
    if (exists) await this.#markChanged(id);
    return exists;
  }

  /** @returns {Promise<{ profile: Profile | null, isAvailable: boolean }>} */
  async #lookUp(/** @type {number} */ id) {
    try {
      const entry = await within(cacheTimeoutMs, this.#cache.get(keyOf(id)));
      const isStored = entry !== null && entry !== changedMarker;
      return { profile: isStored ? JSON.parse(entry) : null, isAvailable: true };
    } catch (error) {
      this.#log("the cache could not be read", error);
      return { profile: null, isAvailable: false };
    }
  }

  async #store(/** @type {number} */ id, /** @type {Profile} */ profile) {
    try {
      const options = { EX: secondsToLive, NX: true };
      await within(cacheTimeoutMs, this.#cache.set(keyOf(id), JSON.stringify(profile), options));
    } catch (error) {
      this.#log("a profile could not be stored in the cache", error);
    }
  }

  /** Where this fails, readers may see the old profile until its hour is over. */
  async #markChanged(/** @type {number} */ id) {
    try {
      await within(cacheTimeoutMs, this.#cache.set(keyOf(id), changedMarker, { EX: secondsMarked }));
    } catch (error) {
      this.#log("a changed profile could not be removed from the cache", error);
    }
  }
}

/** The number is the version of the stored shape: raise it when `Profile` changes, and old entries are never read. */
function keyOf(/** @type {number} */ id) {
  return `profile:1:${id}`;
}

/**
 * @template T
 * @param {number} ms
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export async function within(ms, promise) {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
