/** Where people's browsers go. */

/** To enter a program's code: short, as it is typed. */
export const devicePath = "/device";
/** Followed by an interaction's id. */
export const signInPath = "/signin";
