import { describe, expect, test } from "bun:test";
import { layoutOf, planDaemons } from "./daemon-plan.ts";
import { parseUpOptions, type UpArguments } from "./up-options.ts";

function options(changes: Partial<UpArguments> = {}) {
  const given: UpArguments = {
    dataDir: "/data",
    host: "127.0.0.1",
    apiPort: "8443",
    identityPort: "8445",
    tlsPort: "6380",
    portBase: "10000",
    hosts: "1",
    agentPort: "8444",
    engine: "auto",
    quickstart: true,
  };
  return parseUpOptions({ ...given, ...changes }, 2);
}

describe("the door for agents of other machines", () => {
  const door = (changes: Partial<UpArguments>) => {
    const { args } = planDaemons(options(changes), layoutOf("/data", "/run"), "/packages").controller;
    const index = args.indexOf("--agent-host");
    return index === -1 ? "closed" : args.slice(index, index + 4).join(" ");
  };

  test("is closed unless its address is given, or several hosts run here", () => {
    expect(door({})).toBe("closed");
    expect(door({ agentHost: "10.0.0.1" })).toBe("--agent-host 10.0.0.1 --agent-port 8444");
    expect(door({ hosts: "2", agentPort: "9000" })).toBe("--agent-host 127.0.0.1 --agent-port 9000");
  });

  test("tells this machine's own address, too", () => {
    expect(options({ agentHost: "10.0.0.1" }).address).toBe("10.0.0.1");
    expect(options({ agentHost: "0.0.0.0", address: "10.0.0.1" }).address).toBe("10.0.0.1");
    expect(() => options({ agentHost: "0.0.0.0" })).toThrow("needs --address");
    expect(() => options({ agentHost: "rack.example" })).toThrow("--agent-host must be an IP address");
  });

  test("does not share a port", () => {
    expect(options({ agentPort: "8443" }).agentHost).toBeUndefined();
    expect(() => options({ agentPort: "8443", hosts: "2" })).toThrow("--api-port and --agent-port must differ");
  });
});

describe("several hosts on one machine", () => {
  test("have an agent each: the first by the socket, the others as from elsewhere", () => {
    const { agents } = planDaemons(options({ hosts: "3" }), layoutOf("/data", "/run"), "/packages");
    expect(agents.map(({ name }) => name)).toEqual(["agent", "agent-2", "agent-3"]);
    expect(agents.map(({ join }) => join?.tokenPath)).toEqual([
      undefined,
      "/data/agent-2/join-token",
      "/data/agent-3/join-token",
    ]);
    expect(agents[1]?.args.join(" ")).toBe(
      "--secrets-key-file /data/secrets-key --socket-dir /run --engine auto --hosts-on-machine 3 --storage-root /data/files --data-dir /data/agent-2 --address 127.0.0.2 --name host-2 " +
        "--join https://127.0.0.1:8444 --token-file /data/agent-2/join-token --supervised",
    );
  });

  test("are for development: addresses of real ones do not go with them", () => {
    expect(() => options({ hosts: "2", agentHost: "10.0.0.1" })).toThrow("does not go with");
    for (const hosts of ["0", "17", "two", ""]) expect(() => options({ hosts })).toThrow("from 1 to 16");
  });
});
