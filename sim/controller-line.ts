/** A daemon's line to the controller, as ControllerLink and Reporter are: a stream that is opened again, and reports. */
import type { ReportFate } from "../packages/agent/reporter.ts";
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
  #isMadeAgain = false;
  #reopen = () => {};

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
    this.#reopen = () => {
      if (!pipe.isOpen(process)) return;
      pipe.close(process);
      again();
    };
    pipe.onClose(process, again);
    pipe.send(process, () =>
      subscribe(controller, pipe, (line) => {
        this.#heardMs = process.monotonicMs();
        if (line !== "") hear(line);
      }),
    );
    this.#watchSilence(pipe, again);
  }

  /** Asks for the stream's document anew. */
  reopen(): void {
    this.#reopen();
  }

  /** One request, on a pipe of its own. What it is answered with; undefined where it was not taken. */
  post<T>(
    deliver: (controller: ControllerLife) => T,
    onDone: (answer: { value: T } | undefined) => void,
    timeoutMs = this.#keepAliveMs,
  ): void {
    const process = this.#process;
    const { controller, network } = this.#world;
    const pipe = network.connect(process, controller.process);
    let isDone = false;
    const done = (answer: { value: T } | undefined) => {
      if (isDone) return;
      isDone = true;
      pipe.close(process);
      onDone(answer);
    };
    pipe.onClose(process, () => done(undefined));
    pipe.send(process, () => {
      if (!controller.isReady) return pipe.close(controller.process);
      const value = deliver(controller);
      pipe.send(controller.process, () => done({ value }));
    });
    process.after(timeoutMs, () => done(undefined));
  }

  /**
   * Reports what `deliver` was made from just now, and once more after that if it was called again meanwhile. `judge`: what
   * the answer means; unless the report was taken it is repeated.
   */
  report<T>(
    makeDelivery: () => (controller: ControllerLife) => T,
    judge: (answer: T, sentMs: number) => ReportFate,
    timeoutMs = this.#keepAliveMs,
  ): void {
    this.#hasNews = this.#isReporting;
    if (this.#isReporting) return;
    this.#isReporting = true;
    const sentMs = this.#process.monotonicMs();
    const again = () => this.report(makeDelivery, judge, timeoutMs);
    const onDone = (answer: { value: T } | undefined) => {
      this.#isReporting = false;
      const fate = answer === undefined ? "failed" : judge(answer.value, sentMs);
      this.#isMadeAgain = fate === "too late" && !this.#isMadeAgain;
      if (this.#isMadeAgain || (fate === "taken" && this.#hasNews)) again();
      else if (fate !== "taken") this.#process.after(repeatMs, again);
    };
    this.post(makeDelivery(), onDone, timeoutMs);
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
