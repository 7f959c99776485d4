import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { errorTable } from "@larder/api";
import { bannedCalls } from "./banned-calls.ts";
import { deadFiles } from "./dead-files.ts";
import { errorCodes } from "./error-codes.ts";
import { fileLength } from "./file-length.ts";
import { fileNames } from "./file-names.ts";
import { installScripts } from "./install-scripts.ts";
import { machineNames } from "./machine-names.ts";
import { packageGraph } from "./package-graph.ts";
import { readSourceFiles, type TidyRule } from "./source-files.ts";

// A rule looks into every file, on machines that may be busy.
setDefaultTimeout(60_000);

const rules: Record<string, TidyRule> = {
  "packages import only what the graph allows": packageGraph,
  "clocks and randomness are injected": bannedCalls,
  "no file is dead": deadFiles,
  "names are kebab-case concepts": fileNames,
  "no machine and no package host is named": machineNames,
  "every install script is decided on": installScripts,
  "no file is too long": fileLength,
  "every error code is used": (files) => errorCodes(files, Object.keys(errorTable)),
};

const files = readSourceFiles(join(import.meta.dirname, "../.."));

test.each(Object.entries(rules))("%s", (_name, rule) => {
  expect(rule(files).map((problem) => `${problem.path}: ${problem.message}`)).toEqual([]);
});
