/** The shop's own processes: each prints one line when it is ready, and ends by SIGTERM. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Program {
  stop: () => Promise<void>;
}

/** `name`: a file of the folder above. Rejects when it ends before it is ready. */
export async function startProgram(name: string, env: Record<string, string>): Promise<Program> {
  const path = fileURLToPath(new URL(`../${name}`, import.meta.url));
  const child = spawn(process.execPath, [path], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    // Out of the terminal's process group, as all that main.ts starts.
    detached: true,
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  const lines = createInterface(child.stdout);
  for await (const line of lines) if (line === "ready") return { stop };
  throw new Error(`${name} did not start.`);
}
