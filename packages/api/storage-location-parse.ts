/** Storage locations as they come in bodies of the management API: the URL alone, or with the credentials that it needs. */
import { z } from "zod";
import type { StorageLocation } from "./storage-location.ts";

const schemes = ["file:", "https:", "http:", "azure:", "s3:"];
const urlLengthMax = 4_096;

const text = z.string("must be a string").max(urlLengthMax, `must have at most ${urlLengthMax} characters`);

const credentials = z.discriminatedUnion(
  "kind",
  [
    z.object({ kind: z.literal("azure"), connectionString: text }),
    z.object({
      kind: z.literal("s3"),
      accessKeyId: text,
      secretAccessKey: text,
      sessionToken: text.nullable().default(null),
      region: text.default("us-east-1"),
      endpoint: text.nullable().default(null),
    }),
  ],
  "must have 'kind' azure or s3",
);

const url = text.superRefine((given, context) => {
  const problem = urlProblem(given);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

/** For schemas of bodies: a text or `{url, credentials?}`. */
export const storageLocation = z
  .union(
    [
      url.transform((given): StorageLocation => ({ url: given, credentials: null })),
      z.object({ url, credentials: credentials.nullable().default(null) }),
    ],
    { error: (issue) => (typeof issue.input === "string" ? (urlProblem(issue.input) ?? notUrl) : notUrl) },
  )
  .superRefine((location, context) => {
    const problem = credentialsProblem(location);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

const notUrl = "must be a URL, or an object with 'url' and 'credentials'";

function urlProblem(given: string): string | undefined {
  if (!URL.canParse(given)) return "must be a whole URL, such as https://… or file:///…";
  const { protocol, hostname, username, password } = new URL(given);
  if (!schemes.includes(protocol)) return `must begin with one of ${schemes.map((scheme) => `${scheme}//`).join(", ")}`;
  if (protocol === "file:" && hostname !== "") return "must name a path of the host: file:///…";
  if (username !== "" || password !== "") return "must not have a user name or password in it";
  return undefined;
}

/** Of a URL that is none there is nothing more to say. */
function credentialsProblem({ url: given, credentials: has }: StorageLocation): string | undefined {
  if (!URL.canParse(given)) return undefined;
  const { protocol } = new URL(given);
  if (protocol === "s3:") return has?.kind === "s3" ? undefined : "needs 'credentials' of kind s3";
  if (protocol === "azure:") return has?.kind === "azure" ? undefined : "needs 'credentials' of kind azure";
  return has === null ? undefined : "takes no 'credentials'";
}
