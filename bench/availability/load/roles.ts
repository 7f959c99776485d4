/** How many of a load's clients do what. One that publishes and one that pushes come on top. */
export const roles = ["writers", "readers", "subscribers", "blocked", "transactions", "watchers"] as const;
export type Role = (typeof roles)[number];

/** Hundredths of all clients. */
const shares: Record<Role, number> = {
  writers: 60,
  readers: 20,
  subscribers: 4,
  blocked: 6,
  transactions: 6,
  watchers: 4,
};

/** Commands a second of all clients of a role together: under what the machine can do, so that waits are the event's. */
export const ratesPerSecond = {
  writers: 4_000,
  readers: 1_500,
  publisher: 200,
  pusher: 200,
  transactions: 200,
  watchers: 100,
} as const;

/** At least one of each role that the target has; the rest of the clients are left out. */
export function clientsOf(role: Role, clients: number): number {
  return Math.max(1, Math.round((shares[role] * clients) / 100));
}
