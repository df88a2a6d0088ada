import type { ContentStore } from '../ports/content.ts';

/**
 * The content as one request has it: what it has put itself it reads without asking the table. For that
 * one request, since nothing is forgotten until it ends.
 */
export const ownContent = (content: ContentStore): ContentStore => {
  const own = new Map<string, unknown>();
  const requestKey = (jobId: string, upload: string): string => `${jobId} req#${upload}`;
  const finalKey = (jobId: string, attempt: number): string => `${jobId} final#${attempt}`;
  return {
    ...content,
    putRequest: async (jobId, upload, request, expiresAtMs) => {
      const chunks = await content.putRequest(jobId, upload, request, expiresAtMs);
      own.set(requestKey(jobId, upload), request);
      return chunks;
    },
    getRequest: async (job) => own.get(requestKey(job.id, job.upload)) ?? content.getRequest(job),
    putFinal: async (jobId, attempt, final, expiresAtMs) => {
      const chunks = await content.putFinal(jobId, attempt, final, expiresAtMs);
      own.set(finalKey(jobId, attempt), final);
      return chunks;
    },
    getFinal: async (jobId, final) =>
      own.get(finalKey(jobId, final.attempt)) ?? content.getFinal(jobId, final),
    purge: async (jobId) => {
      own.clear();
      await content.purge(jobId);
    },
  };
};
