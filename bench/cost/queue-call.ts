import type { AnsweredCall } from './metered-relay.ts';

/** One request to a queue. */
export type QueueCall = {
  readonly by: string;
  readonly action: string;
  /** That it sent, got or deleted. */
  readonly messages: number;
};

/** How many messages a request to a queue was about. */
export const messagesIn = ({ action, body, answer }: AnsweredCall): number => {
  if (action === 'sqs:ReceiveMessage') {
    const messages: unknown = Reflect.get(Object(JSON.parse(answer)), 'Messages');
    return Array.isArray(messages) ? messages.length : 0;
  }
  const entries = body['Entries'];
  return Array.isArray(entries) ? entries.length : 1;
};
