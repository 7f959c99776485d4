import { expect, test } from "bun:test";
import { machineNames } from "./machine-names.ts";

const problems = (text: string) => machineNames([{ path: "a.md", text }]).map((problem) => problem.path);

// In pieces, so that this file does not name what nothing in the repository may name.
const npm = "npmjs";
const debian = "debian";
const folder = "work";

test("package hosts and paths of a machine", () => {
  expect(problems(`\n  resolved https://registry.${npm}.org/a`)).toEqual(["a.md:2"]);
  expect(problems(`deb http://deb.${debian}.org/debian trixie main`)).toEqual(["a.md:1"]);
  expect(problems(`cd "/${folder}/main/packages"; ls /home/ann/larder /Users/bob/larder`)).toHaveLength(3);
});

test("names of packages, relative paths and resource paths are fine", () => {
  const text = `packages/${folder}/a.ts; ~/${folder}/a; $HOME/root/b; /etc/os-release; https://${npm}.example/`;
  expect(problems(`npm install; ${text}`)).toEqual([]);
});
