import type { RequestListener } from 'node:http';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { LocalLambda } from './lambda/lambda.ts';
import { readStatus } from './status.ts';
import type { TemplateQueue } from './template/queues.ts';

/** What the status is read from. */
export type StatusSources = {
  lambda: Pick<LocalLambda, 'status'>;
  sqs: SQSClient;
  queues: readonly TemplateQueue[];
};

/** Answers `GET /_local/status`, and gives every other request to `next`. */
export function localRoutes(next: RequestListener, sources: StatusSources): RequestListener {
  return (incoming, response) => {
    const [path] = (incoming.url ?? '').split('?');
    if (incoming.method !== 'GET' || path !== '/_local/status') {
      next(incoming, response);
      return;
    }
    readStatus(sources.lambda, sources.sqs, sources.queues).then(
      (status) => {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify(status));
      },
      () => {
        // The emulators are closing: there is no status any more.
        response.destroy();
      },
    );
  };
}
