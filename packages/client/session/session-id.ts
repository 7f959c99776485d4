/**
 * A session's id: twelve characters that name the session and stay when the id is rotated, then 256 secret bits. The name decides the
 * cluster's slot, so that the old and the new id of a session are renamed in one step; it is no secret, and opens nothing.
 */
import type { Randomness } from "../randomness.ts";

const handleBytes = 9;
const secretBytes = 32;
const handleLength = 12;

export const idPattern = /^[A-Za-z0-9_-]{55}$/;

export function newId(randomness: Randomness): string {
  return randomness.bytes(handleBytes).toString("base64url") + newSecret(randomness);
}

/** Another id of the same session. */
export function rotatedId(id: string, randomness: Randomness): string {
  return handleOf(id) + newSecret(randomness);
}

/** What a session is called in lists; never enough to open it. */
export function handleOf(id: string): string {
  return id.slice(0, handleLength);
}

/** Also for ids that a framework has made, which have any shape. */
export function keyOf(namespace: string, id: string): string {
  return `${namespace}:{${handleOf(id)}}${id.slice(handleLength)}`;
}

export function userKeyOf(namespace: string, user: string): string {
  return `${namespace}:user:{${user}}`;
}

function newSecret(randomness: Randomness): string {
  return randomness.bytes(secretBytes).toString("base64url");
}
