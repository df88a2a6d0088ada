import { readAnswer } from './answer.ts';
import { exchange } from './exchange.ts';

/** Whether two requests with one `Idempotency-Key` are one job; else nothing may be sent twice. */
export const honoursKeys = async (url: string): Promise<boolean> => {
  const ask = async (): Promise<string | undefined> => {
    const answer = await exchange(`${url}/generate`, {
      method: 'POST',
      headers: { 'idempotency-key': 'probe', prefer: 'respond-async' },
      body: { prompt: 'A probe.', model: 'demo?tokens=1' },
    });
    return readAnswer(answer).jobId;
  };
  const first = await ask();
  const second = await ask();
  return first !== undefined && first === second;
};
