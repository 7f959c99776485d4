/** Plain GETs, without anything around them. */
export const plainClients = {
  redis: async ({ url }) => nodeRedis(url, {}),

  "redis, no time-out": async ({ url }) => nodeRedis(url, { commandOptions: { timeout: undefined } }),

  async ioredis({ url }) {
    const { Redis } = await import("ioredis");
    const client = new Redis(url);
    return (key) => client.get(key);
  },

  async "valkey-glide"({ url }) {
    const { GlideClient } = await import("@valkey/valkey-glide");
    const { hostname: host, port, password } = new URL(url);
    const client = await GlideClient.createClient({
      addresses: [{ host, port: Number(port) }],
      credentials: { password },
    });
    return (key) => client.get(key);
  },
};

async function nodeRedis(url, options) {
  const { createClient } = await import("redis");
  const client = createClient({ url, ...options });
  await client.connect();
  return (key) => client.get(key);
}
