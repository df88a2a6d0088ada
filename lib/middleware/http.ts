import type { MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import { Fault, toFault } from '../errors.ts';
import type { Log } from '../ports.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { parseJsonBody } from '../wire/json-body.ts';
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

export type HttpOptions = {
  /** OPTIONS is answered besides, and HEAD wherever GET is. */
  readonly methods: readonly string[];
  /** What a POST carries; with `none` it is not looked at. */
  readonly body: 'json' | 'none';
  /** Origins of browser pages that may read replies; `*` is any. */
  readonly corsOrigins: readonly string[];
  /** Used in place of what the request context says. */
  readonly publicBaseUrl?: string | undefined;
  readonly log: Log;
};

/** What is kept of a request until it is answered. */
type Exchange = {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly origin: string | undefined;
};

const bodyMethods: readonly string[] = ['POST', 'PUT', 'PATCH'];

/**
 * Makes a handler of HttpRequest and HttpReply one for API Gateway's proxy integration. Whatever is
 * thrown, here or further in, becomes a reply in the error shape; 5xx are logged as `request.failed`,
 * 4xx as `request.refused`. Use it first, so that it is there for the faults of the others.
 */
export const http = (
  options: HttpOptions,
): MiddlewareObj<HttpRequest, HttpReply | ProxyReply, Error, Context, { exchange?: Exchange }> => {
  const { methods, corsOrigins, log } = options;
  const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
  const contextOf = ({ requestId, method, origin }: Exchange) => ({
    requestId,
    corsHeaders: corsHeaders(corsOrigins, origin),
    withoutBody: method === 'HEAD',
  });

  return {
    before: (request) => {
      const event = parseProxyEvent(request.event);
      const headers = headersOf(event);
      const { httpMethod: method, requestContext } = event;
      const { requestId } = requestContext;
      const path = splitPath(event).route;
      const exchange: Exchange = { requestId, method, path, origin: headers['origin'] };
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
      if (!allowed.includes(method)) {
        throw new Fault(
          'method_not_allowed',
          `${method} is not allowed here, only ${allowed.join(', ')}.`,
        );
      }
      const hasBody = options.body === 'json' && bodyMethods.includes(method);
      request.event = {
        method: method === 'HEAD' ? 'GET' : method,
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
        tenant: requestContext.authorizer?.tenant ?? undefined,
        baseUrl: baseUrlOf(event, options.publicBaseUrl),
      };
      return undefined;
    },

    after: (request) => {
      const { response, internal } = request;
      if (response == null || !('status' in response) || internal.exchange === undefined) {
        throw new Error('The handler answered with something that is not an HttpReply.');
      }
      request.response = proxyReply(response, contextOf(internal.exchange));
    },

    onError: (request) => {
      const exchange = request.internal.exchange ?? {
        requestId: request.context.awsRequestId,
        method: '',
        path: '',
        origin: undefined,
      };
      const { requestId, method, path } = exchange;
      const fault = toFault(request.error);
      const { status } = fault.reported;
      const fields = { requestId, method, path, status, code: fault.code };
      if (status >= 500) log.error('request.failed', { ...fields, error: fault });
      else log.info('request.refused', fields);
      const reply = faultReply(fault);
      const allow = fault.code === 'method_not_allowed' ? { allow: allowed.join(', ') } : {};
      request.response = proxyReply(
        { ...reply, headers: { ...reply.headers, ...allow } },
        contextOf(exchange),
      );
    },
  };
};
