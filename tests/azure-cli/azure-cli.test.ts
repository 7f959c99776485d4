/** The real Azure CLI, from an address and a secret to a cache that is gone again; docs/azure-cli.md has the lines. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PrincipalCreated } from "@larder/api";
import { TestBrowser } from "../../packages/controller/identity/identity-fixture.ts";
import { runCommand } from "../fixture/command-run.ts";
import { larderPath, startService, type TestService } from "../fixture/service.ts";
import { AzureCli, hasAzureCli } from "./azure-cli.ts";

setDefaultTimeout(120_000);

const group = ["--resource-group", "web"];
const shop = [...group, "--name", "azshop"];
const password = "correct horse";

describe.skipIf(process.env.LARDER_LONG === undefined || !hasAzureCli)("az", () => {
  let service: TestService;
  let az: AzureCli;
  let deploy: PrincipalCreated;

  beforeAll(async () => {
    service = await startService({ identity: true });
    az = new AzureCli(service.connection.ca);
    deploy = JSON.parse(await larder("principal", "add", "deploy", "--json"));
    await larder("role", "assign", "Owner", deploy.objectId);
  });
  afterAll(async () => {
    await service.stop();
    az.remove();
  });

  async function larder(...args: string[]): Promise<string> {
    const { exit, stdout, stderr } = await runCommand([larderPath, ...args], { dataDir: service.dataDir });
    expect([exit, stderr]).toEqual([0, ""]);
    return stdout;
  }

  test("a cloud of which the address is all that is known, and a sign-in with a secret", async () => {
    const { api } = service.connection;
    const endpoints = { resourceManager: api, microsoftGraphResourceId: `${api}/` };
    await az.run("cloud", "register", "--name", "Larder", "--cloud-config", JSON.stringify({ endpoints }));
    await az.run("cloud", "set", "--name", "Larder", "--only-show-errors");
    const secretPath = join(az.home, "secret");
    writeFileSync(secretPath, `${deploy.issued?.secret}\n`, { mode: 0o600 });
    const who = ["--service-principal", "--username", deploy.applicationId ?? "", "--password", `@${secretPath}`];
    expect(await az.run("login", ...who, "--tenant", "larder")).toMatchObject([
      { cloudName: "Larder", id: service.connection.subscription, user: { type: "servicePrincipal" } },
    ]);
    expect(await az.run("account", "list-locations", "--query", "[].name")).toEqual(["local"]);
    const wrong = await az.refusal("login", ...who.slice(0, -1), "wrong", "--tenant", "larder");
    expect(wrong).toContain("its secret is wrong or has expired");
  });

  test("a cache: create, show, keys, firewall, patch schedule, update, reboot", async () => {
    await az.run("group", "create", "--name", "web", "--location", "local");
    const size = ["--location", "local", "--sku", "Basic", "--vm-size", "c0"];
    expect(await az.run("redis", "create", ...shop, ...size)).toMatchObject({
      name: "azshop",
      provisioningState: "Succeeded",
      sslPort: service.ports.tlsPort,
      sku: { name: "Basic", family: "C", capacity: 0 },
    });
    expect((await az.run("redis", "show", ...shop)).hostName).toStartWith("azshop.");
    const keys = await az.run("redis", "list-keys", ...shop);
    const renewed = await az.run("redis", "regenerate-keys", ...shop, "--key-type", "Primary");
    expect([renewed.primaryKey === keys.primaryKey, renewed.secondaryKey]).toEqual([false, keys.secondaryKey]);

    const rule = [...shop, "--rule-name", "office"];
    await az.run("redis", "firewall-rules", "create", ...rule, "--start-ip", "127.0.0.1", "--end-ip", "127.0.0.9");
    expect(await az.run("redis", "firewall-rules", "list", ...shop, "--query", "[].endIp")).toEqual(["127.0.0.9"]);
    await az.run("redis", "firewall-rules", "delete", ...rule);
    expect(await az.refusal("redis", "firewall-rules", "show", ...rule)).toContain("(ResourceNotFound)");

    const entries = JSON.stringify([{ dayOfWeek: "Monday", startHourUtc: "02", maintenanceWindow: "PT5H" }]);
    await az.run("redis", "patch-schedule", "create", ...shop, "--schedule-entries", entries);
    const { scheduleEntries } = await az.run("redis", "patch-schedule", "show", ...shop);
    expect(scheduleEntries).toMatchObject([{ dayOfWeek: "Monday", startHourUtc: 2 }]);
    await az.run("redis", "patch-schedule", "delete", ...shop);

    const changes = ["--set", 'redisConfiguration={"maxmemory-policy":"allkeys-lru"}', "--set", "tags.team=a"];
    expect(await az.run("redis", "update", ...shop, ...changes)).toMatchObject({
      redisConfiguration: { maxmemoryPolicy: "allkeys-lru" },
      tags: { team: "a" },
    });
    await az.run("redis", "force-reboot", ...shop, "--reboot-type", "AllNodes");
    expect(await az.run("redis", "server-link", "list", ...shop)).toEqual([]);
  });

  test("what is around it: resources, tags, providers, the activity log, who is called so", async () => {
    expect(await az.run("resource", "list", "--tag", "team=a", "--query", "[].name")).toEqual(["azshop"]);
    const { id } = await az.run("resource", "show", ...shop, "--resource-type", "Microsoft.Cache/Redis");
    await az.run("tag", "update", "--resource-id", id, "--operation", "Merge", "--tags", "stage=test");
    expect(await az.run("redis", "show", ...shop, "--query", "tags")).toEqual({ stage: "test", team: "a" });
    await az.run("provider", "register", "--namespace", "Microsoft.Cache", "--wait");
    const log = ["monitor", "activity-log", "list", "--resource-id", id, "--status", "Succeeded"];
    expect(await az.run(...log, "--query", "[].operationName.value")).toContain(
      "Microsoft.Cache/redis/listKeys/action",
    );
    const asked = ["rest", "--method", "get", "--url", `${id}?api-version=2024-11-01`, "--query", "name"];
    expect(await az.run(...asked)).toBe("azshop");
    expect((await az.run("ad", "sp", "show", "--id", deploy.applicationId ?? "")).id).toBe(deploy.objectId);
  });

  test("a person signs in with a code, and may do what a role allows", async () => {
    const passwordPath = join(az.home, "password");
    writeFileSync(passwordPath, password, { mode: 0o600 });
    const made = await larder("principal", "add", "--user", "ada", "--password-file", passwordPath, "--json");
    await larder("role", "assign", "Reader", JSON.parse(made).objectId);
    await signInWithCode();
    expect(await az.run("account", "show", "--query", "user")).toEqual({ name: "ada", type: "user" });
    expect(await az.run("redis", "list", "--query", "[].name")).toEqual(["azshop"]);
    expect(await az.refusal("redis", "list-keys", ...shop)).toContain("(AuthorizationFailed)");
    await az.run("account", "clear");
  });

  async function signInWithCode(): Promise<void> {
    const login = Bun.spawn(["az", "login", "--use-device-code"], {
      env: { ...process.env, ...az.environment },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let told = "";
    for await (const chunk of login.stderr) {
      told += new TextDecoder().decode(chunk);
      const [, address, code] = /open (\S+) .* code ([\w-]+)\./.exec(told) ?? [];
      if (address === undefined || code === undefined) continue;
      const browser = new TestBrowser(readFileSync(service.connection.ca, "utf8"));
      const compare = await browser.submit(await browser.get(address), { user_code: code });
      const whoPage = await browser.submit(compare, { confirm: "yes" });
      await browser.submit(whoPage, { name: "ada", password, action: "sign-in" });
      break;
    }
    expect(await login.exited).toBe(0);
  }

  test("delete: the cache, then the group", async () => {
    const secret = ["--password", `@${join(az.home, "secret")}`, "--tenant", "larder"];
    await az.run("login", "--service-principal", "--username", deploy.applicationId ?? "", ...secret);
    await az.run("redis", "delete", ...shop, "--yes");
    expect(await az.refusal("redis", "show", ...shop)).toContain("(ResourceNotFound)");
    await az.run("group", "delete", "--name", "web", "--yes");
    expect(await az.run("group", "exists", "--name", "web")).toBe(false);
  });
});
