/** A refusal in the form in which oidc-provider answers it: RFC 6749, section 5.2. */
export class Refusal extends Error {
  readonly error_description: string;
  readonly statusCode: number;
  /** Its words are for the caller. */
  readonly expose = true;

  constructor(error: string, description: string, statusCode = 400) {
    super(error);
    this.error_description = description;
    this.statusCode = statusCode;
  }
}
