import { expect, test } from "bun:test";
import type { CacheAccess } from "../documents/cache-access.ts";
import { noAccess } from "../documents/cache-access.ts";
import { withDatabaseAssignment, withoutDatabaseAssignment } from "./database-access-rules.ts";

const [ada, bob] = ["aaaaaaaa-0000-0000-0000-000000000000", "bbbbbbbb-0000-0000-0000-000000000000"];

function given(access: CacheAccess, name: string, objectId: string, accessString?: string): CacheAccess {
  return withDatabaseAssignment(access, name, { objectId, accessString })?.access ?? access;
}

const shown = ({ policies, assignments }: CacheAccess) => [
  policies.map(({ name, permissions }) => `${name}: ${permissions}`),
  assignments.map(({ name, objectId, policyName }) => `${name}: ${objectId[0]} ${policyName}`),
];

test("an ACL string comes and goes with its assignment", () => {
  const own = given(noAccess, "one", ada, "+get ~a*");
  expect(shown(own)).toEqual([["of-one: +get ~a*"], ["one: a of-one"]]);
  expect(withDatabaseAssignment(own, "ONE", { objectId: ada, accessString: "+get ~a*" })).toBeNull();
  const all = withDatabaseAssignment(own, "one", { objectId: ada, accessString: undefined });
  expect(shown(all?.access ?? own)).toEqual([[], ["one: a Data Owner"]]);
  expect(all?.access.generation).toBeGreaterThan(own.generation);
  const gone = withoutDatabaseAssignment(own, "one");
  expect(shown(gone?.access ?? own)).toEqual([[], []]);
  expect(withoutDatabaseAssignment(gone?.access ?? own, "one")).toBeNull();
});

test("what is refused changes nothing: neither what somebody may do, nor which policies there are", () => {
  const both = given(given(noAccess, "one", ada, "+get ~a*"), "two", bob);
  for (const name of ["one", "three"])
    expect(() => withDatabaseAssignment(both, name, { objectId: bob, accessString: "+@all ~*" })).toThrow(
      "is that of assignment 'two'",
    );
});

test("a change of the string alone is one", () => {
  const own = given(noAccess, "one", ada, "+get ~a*");
  const changed = withDatabaseAssignment(own, "one", { objectId: ada, accessString: "+set ~a*" });
  expect([changed?.isNew, changed?.policyName]).toEqual([false, "of-one"]);
  expect(shown(changed?.access ?? own)).toEqual([["of-one: +set ~a*"], ["one: a of-one"]]);
});
