/** The grammar of `larder policy …` and `larder assignment …`, and of what turns keys and tokens on and off. */
import { type Command, Option } from "commander";
import { examples, ofCache } from "./options.ts";

const policyCommands = () => import("./commands/policy.ts");
const assignmentCommands = () => import("./commands/assignment.ts");

export function addAccess(program: Command): void {
  addPolicy(program);
  addAssignment(program);
}

export function accessKeysOption(text: string): Option {
  return new Option("--access-keys <switch>", text).choices(["on", "off"]);
}

export function tokensOption(): Option {
  return new Option("--tokens <switch>", "let clients log in with a token of who they are").choices(["on", "off"]);
}

function addPolicy(program: Command): void {
  const policy = program
    .command("policy")
    .summary("list or change access policies")
    .description("List, make, change and delete a cache's access policies: what those who log in with a token may do.")
    .addHelpText(
      "after",
      examples(
        'larder policy create shop readers --permissions "+@read ~app:*"',
        'larder policy update shop readers --permissions "+@read +publish ~app:* &news"',
        'larder policy show shop "Data Owner"',
      ),
    );
  policy.helpCommand(false);
  ofCache(policy.command("list <cache>").alias("ls"), "List the policies: three are built in.").action(
    async (name, options) => (await policyCommands()).listPolicies(name, options),
  );
  ofCache(policy.command("show <cache> <policy>"), "Show one policy, and who has it.").action(
    async (name, which, options) => (await policyCommands()).showPolicy(name, which, options),
  );
  for (const [wish, text] of [
    ["create", "Make a policy."],
    ["update", "Change what a policy allows, at once also for those who are connected."],
  ] as const)
    ofCache(policy.command(`${wish} <cache> <policy>`), text)
      .addOption(permissionsOption())
      .action(async (name, which, options) => (await policyCommands()).writePolicy(wish, name, which, options));
  ofCache(policy.command("delete <cache> <policy>").alias("rm"), "Delete a policy that nobody has.").action(
    async (name, which, options) => (await policyCommands()).deletePolicy(name, which, options),
  );
}

function addAssignment(program: Command): void {
  const assignment = program
    .command("assignment")
    .summary("list or change who has which access policy")
    .description("List, make and delete assignments of access policies: who may log in to a cache with a token.")
    .addHelpText(
      "after",
      examples(
        'larder assignment create shop web --policy "Data Contributor" --object-id 8d1f… --alias web',
        'larder assignment create cluster web --permissions "+@read ~app:*" --object-id 8d1f…',
        "larder assignment delete shop web",
      ),
    );
  assignment.helpCommand(false);
  ofCache(assignment.command("list <cache>").alias("ls"), "List who has which policy.").action(async (name, options) =>
    (await assignmentCommands()).listAssignments(name, options),
  );
  ofCache(assignment.command("create <cache> <assignment>"), "Give somebody a policy, or another one.")
    .option("--policy <name>", "the policy; of a cluster there is one, default")
    .option("--permissions <rules>", "of a cluster, instead: what is allowed, as ACL rules")
    .requiredOption("--object-id <id>", "who: the `oid` of their tokens")
    .option("--alias <name>", "the user name to log in with (default: the object id)")
    .action(async (name, which, options) => (await assignmentCommands()).createAssignment(name, which, options));
  ofCache(
    assignment.command("delete <cache> <assignment>").alias("rm"),
    "Take a policy away. Whoever is connected by it is closed.",
  ).action(async (name, which, options) => (await assignmentCommands()).deleteAssignment(name, which, options));
}

function permissionsOption(): Option {
  return new Option("--permissions <rules>", 'what is allowed, as ACL rules: "+@read ~app:*"').makeOptionMandatory();
}
