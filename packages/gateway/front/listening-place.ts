/**
 * Where the gateway listens: at its own address, and at one of each private network. Workers tell each other of ports by number alone,
 * so those of a private network are told under numbers above all ports.
 */
import type { PrivateNetwork } from "@larder/api";
import type { SocketListener } from "bun";
import { withinNamespace } from "./network-namespace.ts";

export class ListeningPlace {
  /** null: the gateway's own. */
  readonly network: string | null;
  readonly host: string;
  readonly #namespace: string | null;
  readonly #number: number;

  private constructor(network: string | null, host: string, namespace: string | null, number: number) {
    this.network = network;
    this.host = host;
    this.#namespace = namespace;
    this.#number = number;
  }

  static public(host: string): ListeningPlace {
    return new ListeningPlace(null, host, null, 0);
  }

  /** `index` among the networks, which all workers have in the same order. */
  static private({ name, address, namespace }: PrivateNetwork, index: number): ListeningPlace {
    return new ListeningPlace(name, address, namespace, index + 1);
  }

  /** What other workers are told of a port that is open here. */
  told(port: number): number {
    return this.#number * 0x10000 + port;
  }

  /** Runs `listen` where the address is. Throws what it throws, and what withinNamespace does. */
  open<T extends Pick<SocketListener, "stop">>(listen: (host: string) => T): T {
    return this.#namespace === null ? listen(this.host) : withinNamespace(this.#namespace, () => listen(this.host));
  }
}
