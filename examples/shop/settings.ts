/** What the shop's processes are told by their environment. A certificate authority of one's own goes into NODE_EXTRA_CA_CERTS. */
import { connect, type Server } from "@larder/client";

export const settings = {
  databaseUrl: required("DATABASE_URL"),
  redisUrl: required("REDIS_URL"),
  /** 32 bytes or more, the same in all processes. */
  sessionSecret: required("SESSION_SECRET"),
  /** Before everything that the shop keeps in the cache. With a version in it a new release never reads what an old one stored. */
  namespace: process.env["SHOP_NAMESPACE"] ?? "shop-v1",
  port: Number(process.env["PORT"] ?? 4_200),
  /** Behind HTTPS; cookies are then for HTTPS alone. */
  isSecure: process.env["SHOP_HTTPS"] === "1",
};

export function connectCache(): Server {
  return connect(settings.redisUrl);
}

function required(name: string): string {
  const value = process.env[name];
  if (value) return value;
  console.error(`${name} is not set.`);
  process.exit(78);
}
