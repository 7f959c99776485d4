/** Passwords as they are stored: scrypt, with a salt of its own each. */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const hash = promisify<string, Buffer, number, Buffer>(scrypt);
const hashBytes = 32;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `${salt.toString("hex")}.${(await hash(password, salt, hashBytes)).toString("hex")}`;
}

export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [salt = "", expected = ""] = stored.split(".").map((part) => Buffer.from(part, "hex"));
  return timingSafeEqual(await hash(password, Buffer.from(salt), hashBytes), Buffer.from(expected));
}
