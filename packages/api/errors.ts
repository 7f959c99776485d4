/**
 * Every error that Larder itself raises, in one table: its code, the HTTP status of the management API, the exit
 * status of the command line, and what it means. Engine errors are not here: they pass to the client byte for byte.
 *
 * Codes up to `ServiceUnavailable` are Azure Resource Manager's; the rest are Larder's own.
 */
export const errorTable = {
  MissingApiVersionParameter: { status: 400, exit: 64, text: "The api-version query parameter is missing." },
  NoRegisteredProviderFound: { status: 400, exit: 64, text: "The resource type has no such api-version." },
  InvalidRequestBody: { status: 400, exit: 64, text: "The request body is not valid." },
  InvalidFilterInQueryString: { status: 400, exit: 64, text: "The filter of a list cannot be understood." },
  InvalidParameter: { status: 400, exit: 64, text: "A property has a value that is not allowed." },
  InvalidResourceName: { status: 400, exit: 64, text: "The resource name is not allowed." },
  SkuNotSupported: { status: 400, exit: 64, text: "The SKU does not exist, or Larder does not offer it yet." },
  InsufficientCapacity: { status: 400, exit: 69, text: "No host has room for the cache." },
  EngineNotAvailable: { status: 400, exit: 69, text: "No engine that can serve the cache was found on the host." },
  OperationNotSupported: { status: 400, exit: 69, text: "Azure has this operation; Larder does not have it yet." },
  AuthenticationFailed: { status: 401, exit: 77, text: "There is no bearer token." },
  ExpiredAuthenticationToken: { status: 401, exit: 77, text: "The bearer token has expired." },
  InvalidAuthenticationToken: { status: 401, exit: 77, text: "The bearer token is wrong." },
  AuthorizationFailed: { status: 403, exit: 77, text: "The caller may not do this." },
  RoleAssignmentUpdateNotPermitted: {
    status: 400,
    exit: 64,
    text: "Of a role assignment only the description changes.",
  },
  RoleDefinitionHasAssignments: { status: 400, exit: 75, text: "The role is assigned to somebody." },
  RoleAssignmentLimitExceeded: { status: 400, exit: 69, text: "There are as many role assignments as there may be." },
  RoleDefinitionLimitExceeded: { status: 400, exit: 69, text: "There are as many custom roles as there may be." },
  RoleAssignmentNotFound: { status: 404, exit: 66, text: "There is no such role assignment." },
  RoleDefinitionDoesNotExist: { status: 404, exit: 66, text: "There is no such role." },
  RoleAssignmentExists: { status: 409, exit: 73, text: "The principal has the role on that scope already." },
  RoleDefinitionWithSameNameExists: { status: 409, exit: 73, text: "Another role has the name." },
  SubscriptionNotFound: { status: 404, exit: 66, text: "There is no such subscription." },
  ResourceGroupNotFound: { status: 404, exit: 66, text: "There is no such resource group." },
  ResourceNotFound: { status: 404, exit: 66, text: "There is no such resource." },
  InvalidResourceType: { status: 404, exit: 66, text: "There is no such resource type or path." },
  InvalidResourceNamespace: { status: 404, exit: 66, text: "There is no such resource provider." },
  MethodNotAllowed: { status: 405, exit: 64, text: "The resource does not have this method." },
  Conflict: { status: 409, exit: 75, text: "Another operation is running on the resource." },
  NameNotAvailable: { status: 409, exit: 73, text: "The cache name is taken." },
  PreconditionFailed: { status: 412, exit: 75, text: "The resource changed since the etag was read." },
  RequestBodyTooLarge: { status: 413, exit: 64, text: "The request body is too large." },
  TooManyRequests: { status: 429, exit: 75, text: "Too many requests of the kind; try again later." },
  InternalError: { status: 500, exit: 70, text: "A fault in Larder; the log has the details." },
  ServiceUnavailable: { status: 503, exit: 69, text: "A part of the service is not ready; try again." },

  OutcomeUnknown: { status: 503, exit: 69, text: "It may or may not have been done; look before it is asked again." },
  TransferFailed: { status: 500, exit: 74, text: "Data could not be moved; the message says why." },
  DataDiffers: { status: 409, exit: 1, text: "What was compared is not the same." },
  StorageFailed: { status: 502, exit: 74, text: "The storage of files could not be used." },
  TransferCancelled: { status: 500, exit: 75, text: "The transfer was cancelled by its owner." },
  EngineStartFailed: { status: 500, exit: 69, text: "The engine process could not be started." },
  PortInUse: { status: 500, exit: 69, text: "A port is taken by another process." },
  DataDirectoryUnusable: { status: 500, exit: 73, text: "The data directory cannot be written." },
  AlreadyRunning: { status: 500, exit: 75, text: "Another `larder up` uses the data directory." },
  StoreUnusable: { status: 500, exit: 74, text: "The store's file cannot be opened." },
  JoinRefused: {
    status: 403,
    exit: 77,
    text: "The join token is wrong, used or expired, or the controller is not the one it names.",
  },
  HostRemoved: { status: 403, exit: 77, text: "The host was removed from the service." },
  NotRunning: { status: 503, exit: 69, text: "No Larder service answers." },
  ConfigInvalid: { status: 500, exit: 78, text: "An option or environment variable has a bad value." },
} as const satisfies Record<string, { status: number; exit: number; text: string }>;

export type ErrorCode = keyof typeof errorTable;

/** An operating failure with a code from `errorTable`. `target` names the property or resource that is at fault. */
export class LarderError extends Error {
  readonly code: ErrorCode;
  readonly target: string | undefined;

  constructor(code: ErrorCode, message: string, options: { target?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "LarderError";
    this.code = code;
    this.target = options.target;
  }
}

/** The error body of Azure Resource Manager. Both `code` and `message` must be there: clients' pollers need them. */
export interface ErrorBody {
  error: { code: string; message: string; target?: string; details?: { code: string; message: string }[] };
}
