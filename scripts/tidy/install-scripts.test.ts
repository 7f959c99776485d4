import { expect, test } from "bun:test";
import { installScripts } from "./install-scripts.ts";

test("each install script is decided on, and no more", () => {
  const packages = {
    "node_modules/native": { hasInstallScript: true },
    "node_modules/a/node_modules/@scope/inner": { hasInstallScript: true },
    "node_modules/plain": {},
  };
  const files = [
    { path: "package-lock.json", text: JSON.stringify({ packages }) },
    { path: "package.json", text: JSON.stringify({ allowScripts: { native: true, plain: true } }) },
  ];
  expect(installScripts(files).map((problem) => problem.message.split(" ")[0])).toEqual(["@scope/inner", "plain"]);
});
