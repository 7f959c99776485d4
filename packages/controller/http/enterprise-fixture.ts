/** A controller with clusters of Microsoft.Cache/redisEnterprise, called as bare HTTP, for tests. */
import { type Answer, ControllerFixture } from "../controller-fixture.ts";

const version = "2025-07-01";
export const newCluster = {
  location: "West US",
  sku: { name: "Balanced_B1" },
  properties: { publicNetworkAccess: "Enabled" },
};

export class EnterpriseFixture {
  readonly fixture = new ControllerFixture();
  /** Path of the group that all clusters are in. */
  group = "";

  async start(): Promise<void> {
    this.fixture.gateway.privateNetworks = ["blue"];
    this.fixture.agent.zone = "1";
    this.fixture.agent.memoryBytesTotal = 64 * 1024 ** 3;
    await this.fixture.start();
    this.group = await this.fixture.group();
  }

  stop(): Promise<void> {
    return this.fixture.stop();
  }

  /** Deletes all clusters. */
  async clear(): Promise<void> {
    const { body } = await this.call("GET", "");
    for (const { name } of body.value) await this.fixture.ended(await this.call("DELETE", `/${name}`));
  }

  /** `path`: below the type. */
  readonly call = (method: string, path: string, body?: unknown, apiVersion = version, headers = {}) => {
    const url = `${this.group}/providers/Microsoft.Cache/redisEnterprise${path}?api-version=${apiVersion}`;
    return this.fixture.call(method, url, body === undefined ? { headers } : { headers, body });
  };

  /** A cluster with its database, of which the answer is. */
  readonly made = async (name: string, properties: object = {}, of: object = {}, apiVersion = version) => {
    await this.call("PUT", `/${name}`, { ...newCluster, ...of }, apiVersion);
    const answer = await this.call("PUT", `/${name}/databases/default`, { properties }, apiVersion);
    await this.fixture.ended(answer);
    return answer;
  };

  readonly database = (name: string): Promise<Answer> => this.call("GET", `/${name}/databases/default`);

  readonly route = (name: string) => {
    const found = this.fixture.gateway.table?.routes.find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no route to ${name}`);
    return found;
  };
}

/** Status, code and target. */
export function refusal({ status, body }: Answer): unknown[] {
  return [status, body.error.code, ...(body.error.target === undefined ? [] : [body.error.target])];
}
