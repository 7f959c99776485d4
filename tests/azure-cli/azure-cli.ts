/** The Azure CLI of this machine as somebody uses it who has nothing but a new home directory and the service's CA file. */
import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandRun, runCommand } from "../fixture/command-run.ts";

export const hasAzureCli = Bun.which("az") !== null;

export class AzureCli {
  readonly home = mkdtempSync(join(tmpdir(), "larder-az-"));
  readonly environment: Record<string, string>;

  constructor(caPath: string) {
    this.environment = {
      HOME: this.home,
      AZURE_CONFIG_DIR: join(this.home, ".azure"),
      AZURE_CORE_COLLECT_TELEMETRY: "false",
      REQUESTS_CA_BUNDLE: caPath,
    };
  }

  /** Its answer. A warning is a failure. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the answers of a program
  async run(...args: string[]): Promise<any> {
    const { exit, stdout, stderr } = await this.try(...args);
    expect([exit, stderr], `az ${args.join(" ")}`).toEqual([0, ""]);
    return stdout.trim() === "" ? undefined : JSON.parse(stdout);
  }

  /** What it prints where it fails. */
  async refusal(...args: string[]): Promise<string> {
    const { exit, stderr } = await this.try(...args);
    expect(exit, `az ${args.join(" ")}`).not.toBe(0);
    expect(stderr).not.toContain("Traceback");
    return stderr;
  }

  try(...args: string[]): Promise<CommandRun> {
    return runCommand(["az", ...args], { dataDir: this.home, env: this.environment });
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
