/** Hosts, their tokens and their certificates over a store of their own, for tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemRandomness } from "@larder/service";
import { ensureDoorPki } from "../pki/pki-directory.ts";
import { boxFixture } from "../store/box-fixture.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import { HostCertificates } from "./host-certificates.ts";
import { Hosts } from "./hosts.ts";
import { JoinTokens } from "./join-tokens.ts";

export async function hostsFixture(clock: Clock) {
  const directory = mkdtempSync(join(tmpdir(), "larder-hosts-"));
  const store = SqliteStore.open(join(directory, "store.db"), boxFixture());
  const base = { store, clock, randomness: systemRandomness };
  const pki = await ensureDoorPki({ ...base, directory });
  const hosts = new Hosts(base);
  const certificates = new HostCertificates({ ...base, authority: pki.authority, hosts });
  const tokens = new JoinTokens({ ...base, hosts, certificates });
  const stop = async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  };
  return { ...pki, store, hosts, certificates, tokens, stop };
}
