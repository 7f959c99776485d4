/** Whether a command carries a password, so that its line is kept out of the history file. */
export function isSecret(args: readonly string[]): boolean {
  const words = args.map((word) => word.toUpperCase());
  const [first, second] = words;
  switch (first) {
    case "AUTH":
      return true;
    case "HELLO":
    case "MIGRATE":
      return words.includes("AUTH") || words.includes("AUTH2");
    case "ACL":
      return second === "SETUSER";
    case "CONFIG":
      return second === "SET" && words.some((word) => /PASS|AUTH/.test(word));
    default:
      return false;
  }
}
