import type { MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import { Fault, toFault } from '../errors.ts';
import type { Log } from '../ports/system.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { parseJsonBody } from '../wire/json-body.ts';
import { type Rates, rateHeaders, ratesOf } from '../wire/rates.ts';
import { routeAccess, routeMethods } from '../wire/routes.ts';
import { admitKey } from './admit-key.ts';
import { corsHeaders, preflightHeaders } from './cors.ts';
import {
  baseUrlOf,
  headersOf,
  parseProxyEvent,
  pathParametersOf,
  queryOf,
  splitPath,
} from './proxy-event.ts';
import { faultReply, type ProxyReply, proxyReply } from './proxy-reply.ts';
import { lookUpRates, type RatesLeftDeps } from './rates-left.ts';

export type HttpOptions = {
  /** Origins of browser pages that may read replies; `*` is any. */
  readonly corsOrigins: readonly string[];
  /** Used in place of what the request context says. */
  readonly publicBaseUrl?: string | undefined;
  readonly log: Log;
  /** Tells what is left of a tenant's rate limits on answers to requests that were not counted. */
  readonly ratesLeft?: RatesLeftDeps;
};

/** What is kept of a request until it is answered. */
type Exchange = {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly origin: string | undefined;
  readonly allowed: readonly string[];
  tenant: string | undefined;
  /** Of the caller's tenant. */
  rates: Rates;
};

/** OPTIONS is answered everywhere, and HEAD wherever GET is. */
const allowedOf = (methods: readonly string[]): readonly string[] => [
  ...methods,
  ...(methods.includes('GET') ? ['HEAD'] : []),
  'OPTIONS',
];

/** Of a path, which is the client's to write and of any length. */
const maxLoggedChars = 200;

const bodyMethods: readonly string[] = ['POST', 'PUT', 'PATCH'];
/** Their POST says all by its path; official clients send it with or without a body. */
const bodiless: readonly string[] = [
  '/v1/responses/{id}/cancel',
  '/jobs/{id}/cancel',
  '/jobs/{id}/retry',
  '/jobs/{id}/redeliver',
  '/callback_endpoints/{id}/rotate',
  '/callback_endpoints/{id}/test',
];

/**
 * Makes a handler of HttpRequest and HttpReply one for API Gateway's proxy integration. Whatever is
 * thrown, here or further in, becomes a reply in the error shape; 5xx are logged as `request.failed`,
 * 4xx as `request.refused`. Use it first, so that it is there for the faults of the others.
 */
export const http = (
  options: HttpOptions,
): MiddlewareObj<HttpRequest, HttpReply | ProxyReply, Error, Context, { exchange?: Exchange }> => {
  const { corsOrigins, log } = options;
  const contextOf = ({ requestId, method, origin }: Exchange) => ({
    requestId,
    corsHeaders: corsHeaders(corsOrigins, origin),
    withoutBody: method === 'HEAD',
  });

  const toldRates = async ({ tenant, rates }: Exchange): Promise<Record<string, string>> => {
    if (options.ratesLeft !== undefined) await lookUpRates(options.ratesLeft, tenant, rates);
    return rateHeaders(rates);
  };

  return {
    before: (request) => {
      const event = parseProxyEvent(request.event);
      const headers = headersOf(event);
      const { httpMethod: method, requestContext } = event;
      const { requestId } = requestContext;
      const path = splitPath(event).route;
      const route = event.resource ?? path;
      const methods = routeMethods[route] ?? [];
      const allowed = allowedOf(methods);
      const exchange: Exchange = {
        requestId,
        method,
        path,
        origin: headers['origin'],
        allowed,
        tenant: undefined,
        rates: {},
      };
      request.internal.exchange = exchange;
      if (method === 'OPTIONS') {
        const preflight = preflightHeaders(corsOrigins, {
          origin: exchange.origin,
          methods,
          requestedHeaders: headers['access-control-request-headers'],
        });
        const reply = { status: 204, headers: { allow: allowed.join(', ') }, body: undefined };
        return proxyReply(reply, { requestId, corsHeaders: preflight, withoutBody: true });
      }
      const access = routeAccess(method, route);
      if (access === undefined) {
        throw new Fault(
          'method_not_allowed',
          `${method} is not allowed here, only ${allowed.join(', ')}.`,
        );
      }
      const caller = admitKey(requestContext.authorizer, access, `${method} ${route}`);
      exchange.tenant = caller.tenant;
      exchange.rates = ratesOf(caller.limits);
      const hasBody = bodyMethods.includes(method) && !bodiless.includes(route);
      request.event = {
        method: method === 'HEAD' ? 'GET' : method,
        route,
        path,
        requestId,
        headers,
        query: queryOf(event),
        pathParameters: pathParametersOf(event),
        body: hasBody
          ? parseJsonBody({
              text: event.body ?? '',
              isBase64: event.isBase64Encoded ?? false,
              contentType: headers['content-type'],
              contentEncoding: headers['content-encoding'],
            })
          : undefined,
        ...caller,
        rates: exchange.rates,
        baseUrl: baseUrlOf(event, options.publicBaseUrl),
      };
      return undefined;
    },

    after: async (request) => {
      const { response, internal } = request;
      if (response == null || !('status' in response) || internal.exchange === undefined) {
        throw new Error('The handler answered with something that is not an HttpReply.');
      }
      const headers = { ...(await toldRates(internal.exchange)), ...response.headers };
      request.response = proxyReply({ ...response, headers }, contextOf(internal.exchange));
    },

    onError: async (request) => {
      const exchange = request.internal.exchange ?? {
        requestId: request.context.awsRequestId,
        method: '',
        path: '',
        origin: undefined,
        allowed: [],
        tenant: undefined,
        rates: {},
      };
      const { requestId, method, path } = exchange;
      const fault = toFault(request.error);
      const { status } = fault.reported;
      const fields = {
        requestId,
        method,
        path: path.slice(0, maxLoggedChars),
        status,
        code: fault.code,
      };
      if (status >= 500) log.error('request.failed', { ...fields, error: fault });
      else log.info('request.refused', fields);
      const reply = faultReply(fault);
      const allow =
        fault.code === 'method_not_allowed' ? { allow: exchange.allowed.join(', ') } : {};
      request.response = proxyReply(
        { ...reply, headers: { ...(await toldRates(exchange)), ...reply.headers, ...allow } },
        contextOf(exchange),
      );
    },
  };
};
