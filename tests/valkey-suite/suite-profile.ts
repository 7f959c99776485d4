/**
 * What is tested, in two ways. `service` is what a client of a cache has: the route and the engine's user as the controller
 * makes them. `transparent` is the gateway alone: it refuses only what would break it, and speaks as a user who may do
 * everything, so that CONFIG, DEBUG and ACL pass too.
 */
import { type RouteUser, refusedByGateway, refusedByRedisCache } from "@larder/api";
import { appUser } from "../../packages/controller/documents/engine-users.ts";
import type { EngineChoices } from "../fixture/valkey.ts";

export interface Profile {
  name: "service" | "transparent";
  refusedCommands: readonly string[];
  /** What the suite's clients send to the engine itself (operator.tcl). */
  operatorCommands: readonly string[];
  engineUser: { name: string; password: string; line: string };
}

const app = appUser({ enginePasswords: { app: "app-password" } });

export const profiles: readonly Profile[] = [
  {
    name: "transparent",
    refusedCommands: refusedByGateway,
    operatorCommands: [],
    engineUser: { name: "default", password: "", line: "user default on nopass ~* &* +@all" },
  },
  {
    name: "service",
    refusedCommands: refusedByRedisCache,
    operatorCommands: ["bgrewriteaof", "bgsave", "config", "debug", "pfdebug", "pfselftest", "save"],
    engineUser: { name: app.name, password: app.password, line: `user ${app.name} on >${app.password} ${app.rules}` },
  },
];

/** An engine as the suite's authors start one for external mode, with a port for a run without the gateway. */
export function engineOf(profile: Profile, port: number): EngineChoices {
  const { name, password, line } = profile.engineUser;
  return {
    user: name,
    password,
    lines: [
      `port ${port}`,
      "enable-protected-configs yes",
      "enable-debug-command yes",
      "enable-module-command yes",
      "user default on nopass ~* &* +@all",
      ...(name === "default" ? [] : [line]),
    ],
  };
}

/** The suite does not log in. */
export function routeUserOf(profile: Profile): RouteUser {
  const { name, password } = profile.engineUser;
  return {
    name: "default",
    needsPassword: false,
    passwordSha256: [],
    objectId: null,
    engineUser: name,
    enginePassword: password,
  };
}
