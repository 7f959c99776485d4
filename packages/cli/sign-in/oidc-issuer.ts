/** An OpenID Connect issuer as a program meets it that wants tokens: its discovery document, and calls to what that names. */
import { LarderError } from "@larder/api/errors";

export interface IssuerEndpoints {
  issuer: string;
  token_endpoint: string;
  device_authorization_endpoint?: string;
}

export interface TokenAnswer {
  access_token: string;
  expires_in?: number;
  refresh_token?: string;
  id_token?: string;
}

export interface DeviceAnswer {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete?: string;
  expires_in: number;
  interval?: number;
}

/** What an issuer refuses with (RFC 6749, section 5.2). */
export class IssuerRefusal extends LarderError {
  readonly error: string;

  constructor(error: string, description: string) {
    super("InvalidAuthenticationToken", description);
    this.error = error;
  }
}

export class OidcIssuer {
  readonly #issuer: string;
  readonly #ca: string | null;
  #endpoints: Promise<IssuerEndpoints> | undefined;

  constructor({ issuer, ca }: { issuer: string; ca: string | null }) {
    this.#issuer = issuer.replace(/\/$/, "");
    this.#ca = ca;
  }

  /** Throws NotRunning where nobody answers, and ServiceUnavailable where it is no issuer. */
  endpoints(): Promise<IssuerEndpoints> {
    this.#endpoints ??= this.#discover();
    return this.#endpoints;
  }

  async token(form: Record<string, string>): Promise<TokenAnswer> {
    return (await this.#post((await this.endpoints()).token_endpoint, form)) as unknown as TokenAnswer;
  }

  /** Throws OperationNotSupported where it has no such endpoint. */
  async device(form: Record<string, string>): Promise<DeviceAnswer> {
    const { device_authorization_endpoint: url } = await this.endpoints();
    if (url === undefined)
      throw new LarderError("OperationNotSupported", `${this.#issuer} does not sign people in with codes.`);
    return (await this.#post(url, form)) as unknown as DeviceAnswer;
  }

  async #discover(): Promise<IssuerEndpoints> {
    const url = `${this.#issuer}/.well-known/openid-configuration`;
    const response = await this.#fetch(url, { headers: { accept: "application/json" } });
    const found = response.ok ? ((await response.json().catch(() => ({}))) as Partial<IssuerEndpoints>) : {};
    if (found.token_endpoint === undefined || found.issuer === undefined)
      throw new LarderError(
        "ServiceUnavailable",
        `${this.#issuer} is no OpenID Connect issuer: ${url} does not say so.`,
      );
    return found as IssuerEndpoints;
  }

  async #post(url: string, form: Record<string, string>): Promise<Record<string, unknown>> {
    const response = await this.#fetch(url, { method: "POST", body: new URLSearchParams(form) });
    const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    if (response.ok) return answer;
    const { error, error_description: description } = answer;
    const fallback = `${this.#issuer} answered ${response.status}.`;
    throw new IssuerRefusal(
      typeof error === "string" ? error : "",
      typeof description === "string" ? description : fallback,
    );
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, { ...init, ...(this.#ca === null ? {} : { tls: { ca: this.#ca } }) });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new LarderError("NotRunning", `${this.#issuer} does not answer (${code ?? message}).`, { cause: error });
    }
  }
}

/** What an identity or access token says, which is only shown: whoever takes the token verifies it. */
export function claimsOf(token: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<string, unknown>;
  } catch {
    return {};
  }
}
