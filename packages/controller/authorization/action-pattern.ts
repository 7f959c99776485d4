/**
 * Actions of a role: names in which a star stands for anything, slashes too. A permission grants what one of its actions matches and
 * none of its exceptions does; an exception takes nothing away from another role.
 */
import type { Permission } from "@larder/api";

/** All in lower case. */
export type GrantedActions = Pick<Permission, "actions" | "notActions">;

export function compilePermission({ actions, notActions }: GrantedActions): GrantedActions {
  const lower = (text: string) => text.toLowerCase();
  return { actions: actions.map(lower), notActions: notActions.map(lower) };
}

/** `action` in lower case. */
export function grants({ actions, notActions }: GrantedActions, action: string): boolean {
  const matches = (pattern: string) => matchesPattern(pattern, action);
  return actions.some(matches) && !notActions.some(matches);
}

/** Takes pattern length times text length at most, whatever stars there are: patterns are strangers'. */
export function matchesPattern(pattern: string, text: string): boolean {
  let [at, star, mark] = [0, -1, 0];
  for (let index = 0; index < text.length; ) {
    if (pattern[at] === "*") {
      star = at++;
      mark = index;
    } else if (pattern[at] === text[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++mark;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
