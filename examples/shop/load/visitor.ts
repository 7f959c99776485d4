/** One made-up visitor: looks around, and if it is a customer puts shoes into the cart and buys them. */
import { seededPassword } from "../database/seed.ts";

export interface Answer {
  status: number;
  text: string;
}

/** Told of each request that was answered or failed. */
export type Told = (tookMs: number, isGood: boolean) => void;

export class LoadVisitor {
  readonly #url: string;
  readonly #told: Told;
  #cookie = "";
  #token = "";
  #isSignedIn = false;

  constructor(url: string, told: Told) {
    this.#url = url;
    this.#told = told;
  }

  get isSignedIn(): boolean {
    return this.#isSignedIn;
  }

  async look(path: string): Promise<Answer> {
    return this.#ask(path, {});
  }

  async signIn(number: number): Promise<void> {
    await this.knowToken();
    const { status } = await this.post("/sign-in", {
      email: `runner${number}@example.com`,
      password: seededPassword,
      to: "/",
    });
    this.#isSignedIn = status === 303;
    await this.knowToken();
  }

  /** As the script of all pages does. */
  async knowToken(): Promise<void> {
    const { status, text } = await this.look("/visitor");
    if (status === 200) this.#token = (JSON.parse(text) as { token: string }).token;
  }

  async addToCart(product: number, size: number): Promise<void> {
    await this.post("/cart", { product: `${product}`, size: `${size}` });
  }

  /** Whether an order was placed. */
  async buy(): Promise<boolean> {
    const { text } = await this.look("/cart");
    const order = /name="order" value="([^"]+)"/.exec(text)?.[1];
    if (order === undefined) return false;
    return (await this.post("/orders", { order })).status === 303;
  }

  post(path: string, form: Record<string, string>): Promise<Answer> {
    return this.#ask(path, { method: "POST", body: new URLSearchParams({ token: this.#token, ...form }) });
  }

  async #ask(path: string, options: RequestInit): Promise<Answer> {
    const startMs = performance.now();
    try {
      const response = await fetch(`${this.#url}${path}`, {
        ...options,
        headers: this.#cookie === "" ? {} : { cookie: this.#cookie },
        redirect: "manual",
      });
      const text = await response.text();
      const [cookie] = response.headers.getSetCookie();
      if (cookie !== undefined) this.#cookie = cookie.split(";")[0] ?? "";
      this.#told(performance.now() - startMs, response.status < 400);
      return { status: response.status, text };
    } catch {
      this.#told(performance.now() - startMs, false);
      return { status: 0, text: "" };
    }
  }
}
