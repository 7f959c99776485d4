/** An OpenID Connect issuer on this machine that signs whatever a test wants, for tests. */
import { systemClock } from "@larder/service";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from "jose";

export class IssuerFixture {
  readonly audience = "https://management.azure.com/";
  /** How the key set is answered for; a test may let it hang. */
  answer: () => Response | Promise<Response> = () => Response.json({ keys: this.#published });
  asked = 0;
  #server: Bun.Server<undefined> | undefined;
  #published: JWK[] = [];
  #privateKey: CryptoKey | undefined;
  #keyId = "";

  async start(): Promise<void> {
    await this.rotate("first");
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => {
        if (!request.url.endsWith("/keys"))
          return Response.json({ issuer: this.issuer, jwks_uri: `${this.issuer}/keys` });
        this.asked++;
        return this.answer();
      },
    });
  }

  async stop(): Promise<void> {
    await this.#server?.stop(true);
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.#server?.port}`;
  }

  get keys(): readonly JWK[] {
    return this.#published;
  }

  /** Signs with a new key from now on, and has no other. */
  async rotate(keyId: string): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    this.#privateKey = privateKey;
    this.#keyId = keyId;
    this.#published = [{ ...(await exportJWK(publicKey)), kid: keyId }];
  }

  /** Good for an hour and for the API, but for what is given. */
  token(
    claims: Record<string, unknown> = {},
    { header = {}, key }: { header?: Partial<JWTHeaderParameters>; key?: CryptoKey | Uint8Array } = {},
  ): Promise<string> {
    const now = Math.floor(systemClock.nowMs() / 1_000);
    const usual = { iss: this.issuer, aud: this.audience, exp: now + 3_600, nbf: now - 60, ...claims };
    return new SignJWT(usual)
      .setProtectedHeader({ alg: "ES256", kid: this.#keyId, ...header })
      .sign(key ?? (this.#privateKey as CryptoKey));
  }
}
