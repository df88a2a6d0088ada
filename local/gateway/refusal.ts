/**
 * What API Gateway answers by itself, with its status and message where the template says nothing.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
export const refusals = {
  ACCESS_DENIED: [403, 'User is not authorized to access this resource'],
  API_CONFIGURATION_ERROR: [500, 'Internal server error'],
  AUTHORIZER_CONFIGURATION_ERROR: [500, 'Internal server error'],
  AUTHORIZER_FAILURE: [500, 'Internal server error'],
  BAD_REQUEST_PARAMETERS: [400, 'Bad Request'],
  // The page above says 504; a failed function has been seen as 502 and a throttled one as 500.
  INTEGRATION_FAILURE: [502, 'Internal server error'],
  INTEGRATION_TIMEOUT: [504, 'Endpoint request timed out'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'Missing Authentication Token'],
  REQUEST_TOO_LARGE: [413, 'Request Too Long'],
  UNAUTHORIZED: [401, 'Unauthorized'],
} as const satisfies Record<string, readonly [statusCode: number, message: string]>;

/** The kind of a refusal, a gateway response type of API Gateway. */
export type RefusalType = keyof typeof refusals;

/** One refusal; `statusCode` and `message` where they are not those of its type. */
export type Refusal = { type: RefusalType; statusCode?: number; message?: string };
