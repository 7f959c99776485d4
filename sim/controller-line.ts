/** A daemon's line to the controller, as ControllerLink and Reporter are: a stream that is opened again, and reports. */
import type { ControllerLife } from "./controller-life.ts";
import type { Pipe } from "./network.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

const reconnectMs = [20, 200] as const;
const repeatMs = 200;
/** A stream that says nothing for so many keep-alives is broken. */
const silentKeepAlives = 3;

export class ControllerLine {
  readonly #process: Process;
  readonly #world: World;
  readonly #keepAliveMs: number;
  #heardMs = 0;
  #isReporting = false;
  #hasNews = false;

  constructor(process: Process, world: World, keepAliveMs: number) {
    this.#process = process;
    this.#world = world;
    this.#keepAliveMs = keepAliveMs;
  }

  follow(
    subscribe: (controller: ControllerLife, pipe: Pipe, say: (line: string) => void) => void,
    hear: (line: string) => void,
  ): void {
    const process = this.#process;
    const { controller, network, chance } = this.#world;
    const pipe = network.connect(process, controller.process);
    const again = () => process.after(chance.between(...reconnectMs), () => this.follow(subscribe, hear));
    this.#heardMs = process.monotonicMs();
    pipe.onClose(process, again);
    pipe.send(process, () =>
      subscribe(controller, pipe, (line) => {
        this.#heardMs = process.monotonicMs();
        if (line !== "") hear(line);
      }),
    );
    this.#watchSilence(pipe, again);
  }

  /** One request, on a pipe of its own. */
  post(deliver: (controller: ControllerLife) => void, onDone: (isTaken: boolean) => void): void {
    const process = this.#process;
    const { controller, network } = this.#world;
    const pipe = network.connect(process, controller.process);
    let isDone = false;
    const done = (isTaken: boolean) => {
      if (isDone) return;
      isDone = true;
      pipe.close(process);
      onDone(isTaken);
    };
    pipe.onClose(process, () => done(false));
    pipe.send(process, () => {
      if (!controller.isReady) return pipe.close(controller.process);
      deliver(controller);
      pipe.send(controller.process, () => done(true));
    });
    process.after(this.#keepAliveMs, () => done(false));
  }

  /** Reports what `deliver` was made from just now, and once more after that if it was called again meanwhile. */
  report(makeDelivery: () => (controller: ControllerLife) => void, onTaken: (sentMs: number) => void): void {
    this.#hasNews = this.#isReporting;
    if (this.#isReporting) return;
    this.#isReporting = true;
    const sentMs = this.#process.monotonicMs();
    this.post(makeDelivery(), (isTaken) => {
      this.#isReporting = false;
      if (isTaken) onTaken(sentMs);
      if (!isTaken) this.#process.after(repeatMs, () => this.report(makeDelivery, onTaken));
      else if (this.#hasNews) this.report(makeDelivery, onTaken);
    });
  }

  #watchSilence(pipe: Pipe, again: () => void): void {
    const process = this.#process;
    process.after(this.#keepAliveMs, () => {
      if (!pipe.isOpen(process)) return;
      const silentMs = process.monotonicMs() - this.#heardMs;
      if (silentMs < silentKeepAlives * this.#keepAliveMs) return this.#watchSilence(pipe, again);
      pipe.close(process);
      again();
    });
  }
}
