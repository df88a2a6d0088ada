/** The service's queues that have a dead-letter queue. */
export const queueNames = ['jobs', 'deliveries'] as const;
export type QueueName = (typeof queueNames)[number];
