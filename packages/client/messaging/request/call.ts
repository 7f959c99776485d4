/** Asks a service, and waits for its answer. service.ts says what is promised. */
import { type Server, type ServerLike, serverOf } from "../../connection/server.ts";
import { type Duration, durationMs } from "../../duration.ts";
import { CallTimeout, NoResponder, ServiceError } from "./call-errors.ts";
import { checkBytes, serviceLimits } from "./limits.ts";
import { mailboxOf, newAddress } from "./mailbox.ts";
import { Registry } from "./registry.ts";
import type { Answer } from "./service.ts";

export interface CallOptions {
  server: ServerLike;
  /** How long the answer is waited for. 5 s unless given. */
  timeout?: Duration;
}

/**
 * Rejects with NO_RESPONDER at once when nobody answers for the service, CALL_TIMEOUT, a ServiceError with the code that the handler
 * threw, INTERNAL or BUSY, MESSAGE_TOO_LARGE, SERVER_UNREACHABLE, and with what the server answered or how the connection to it ended.
 */
export async function call<Answered = unknown>(
  name: string,
  request: unknown,
  options: CallOptions,
): Promise<Answered> {
  const timeoutMs = durationMs(options.timeout ?? serviceLimits.timeoutMs, "timeout");
  const server = serverOf(options.server);
  checkBytes({ body: request }, "The request");
  await mailboxOf(server).opened();
  const answer = await ask(server, name, request, timeoutMs);
  if (answer.error === undefined) return answer.body as Answered;
  const { code, message, details } = answer.error;
  throw new ServiceError(code, message, details);
}

function ask(server: Server, name: string, body: unknown, timeoutMs: number): Promise<Answer> {
  const mailbox = mailboxOf(server);
  const address = newAddress();
  return new Promise<Answer>((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      stop();
    };
    const fail = (error: unknown) => {
      end();
      reject(error);
    };
    const stop = mailbox.add(address, {
      onLetter(letter) {
        end();
        resolve(letter as Answer);
      },
    });
    const timer = setTimeout(
      () => fail(new CallTimeout(name, timeoutMs)),
      Math.min(timeoutMs, serviceLimits.timeoutMsMax),
    );
    new Registry(server, name)
      .send({ replyTo: { channel: mailbox.channel, address }, timeoutMs, body })
      .then((isSent) => isSent || fail(new NoResponder(name)), fail);
  });
}
