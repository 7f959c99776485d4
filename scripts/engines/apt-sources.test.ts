import { describe, expect, test } from "bun:test";
import { backportsSource, parseAptSources } from "./apt-sources.ts";

const debian12 = `Types: deb
# a comment, as the container images have it
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;

describe("parsing", () => {
  test("deb822: several stanzas, comments, lists", () => {
    const sources = parseAptSources("debian.sources", debian12);
    expect(sources.map((source) => source.suites)).toEqual([["bookworm", "bookworm-updates"], ["bookworm-security"]]);
    expect(sources[0]?.options).toEqual({ "Signed-By": "/usr/share/keyrings/debian-archive-keyring.gpg" });
  });

  test("deb822: disabled stanzas and sources of source code do not count", () => {
    const text = debian12
      .replace("Types: deb\n", "Types: deb-src\n")
      .replace("Types: deb\nURIs", "Types: deb\nEnabled: no\nURIs");
    expect(parseAptSources("debian.sources", text)).toEqual([]);
  });

  test("deb822: a key written into the file stays whole", () => {
    const key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY865\n -----END PGP PUBLIC KEY BLOCK-----";
    const text = `Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\nSigned-By:${key}\n`;
    const sources = parseAptSources("debian.sources", text);
    expect(sources[0]?.options).toEqual({ "Signed-By": key });
    expect(backportsSource(sources, "trixie")).toEndWith(`Signed-By:${key}\n`);
  });

  test("one-line: options, comments, commented-out lines", () => {
    const text = [
      "# deb http://mirror.example/ubuntu jammy main",
      "deb-src http://mirror.example/ubuntu jammy main",
      "deb [arch=amd64,arm64 signed-by=/etc/apt/keyrings/k.gpg] http://mirror.example/ubuntu jammy main universe # why",
    ].join("\n");
    expect(parseAptSources("sources.list", text)).toEqual([
      {
        uris: ["http://mirror.example/ubuntu"],
        suites: ["jammy"],
        components: ["main", "universe"],
        options: { Architectures: "amd64 arm64", "Signed-By": "/etc/apt/keyrings/k.gpg" },
      },
    ]);
  });
});

describe("backports", () => {
  test("Debian 12: the archive's entry with another suite", () => {
    expect(backportsSource(parseAptSources("debian.sources", debian12), "bookworm")).toBe(
      [
        "Types: deb",
        "URIs: http://mirror.example/debian",
        "Suites: bookworm-backports",
        "Components: main",
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
        "",
      ].join("\n"),
    );
  });

  test("one-line sources, and a list of mirrors as URI", () => {
    const sources = parseAptSources(
      "sources.list",
      "deb mirror+file:/etc/apt/mirrors/debian.list bookworm main contrib",
    );
    expect(backportsSource(sources, "bookworm")).toBe(
      "Types: deb\nURIs: mirror+file:/etc/apt/mirrors/debian.list\nSuites: bookworm-backports\nComponents: main\n",
    );
  });

  test("already configured", () => {
    const text = debian12.replace("bookworm-updates", "bookworm-updates bookworm-backports");
    expect(backportsSource(parseAptSources("debian.sources", text), "bookworm")).toBe("configured");
  });

  test("no archive of the release", () => {
    expect(backportsSource(parseAptSources("debian.sources", debian12), "trixie")).toBeUndefined();
    const foreign = parseAptSources("tool.list", "deb http://tool.example/apt bookworm stable");
    expect(backportsSource(foreign, "bookworm")).toBeUndefined();
  });
});
