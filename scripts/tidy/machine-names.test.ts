import { expect, test } from "bun:test";
import { machineNames } from "./machine-names.ts";

const problems = (text: string) => machineNames([{ path: "a.md", text }]).map((problem) => problem.path);

test("package hosts and paths of a machine", () => {
  expect(problems("\n  resolved https://registry.npmjs.org/a")).toEqual(["a.md:2"]);
  expect(problems("deb http://deb.debian.org/debian trixie main")).toEqual(["a.md:1"]);
  expect(problems(`cd "/work/main/packages"; ls /home/ann/larder /Users/bob/larder`)).toHaveLength(3);
});

test("names of packages, relative paths and resource paths are fine", () => {
  expect(
    problems("npm install; packages/work/a.ts; ~/work/a; $HOME/root/b; /etc/os-release; https://npmjs.example/"),
  ).toEqual([]);
});
