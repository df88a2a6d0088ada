import { startApi } from '../../tests/fixtures/api.ts';
import type { JobBody } from '../../tests/fixtures/generation-body.ts';
import { hasEnded, type Ledger, ledgerOf } from '../../tests/fixtures/job-ledger.ts';
import { waitFor } from '../../tests/fixtures/wait-for.ts';
import { median } from '../harness/quantiles.ts';

const waitMs = 1_500;

/** On the chat protocol, which knows no background mode: what is promoted is begun anew. */
const models = [
  { name: '0.3 s', model: 'demo-chat?first_ms=0&tokens=30&rate=100' },
  { name: '4 s', model: 'demo-chat?first_ms=0&tokens=80&rate=20' },
] as const;

/** What became of one model's requests, sent one after the other. */
export type RealRow = {
  readonly name: string;
  readonly requests: number;
  /** How many went over the queue before the first one that was generated within its call. */
  readonly queuedFirst: number;
  readonly inline: number;
  readonly promotions: number;
  readonly answered202: number;
  readonly queuedMs: number;
  readonly inlineMs: number;
};

const onlyMedian = (values: readonly number[]): number =>
  values.length === 0 ? 0 : Math.round(median(values));

/** `npm start` with an empty table: how it gets to know two models. */
export const realRun = async (requests: number): Promise<readonly RealRow[]> => {
  const api = await startApi({ WAIT_DEFAULT_MS_GENERATE: String(waitMs) });
  try {
    return await Promise.all(
      models.map(async ({ name, model }) => {
        const asked: { ms: number; status: number; ledger: Ledger }[] = [];
        for (let at = 0; at < requests; at += 1) {
          const beganMs = performance.now();
          const { status, body } = await api.ask<JobBody>('POST', '/generate', {
            prompt: `Admission ${name} ${at}.`,
            model,
          });
          const ms = performance.now() - beganMs;
          const ledger = await waitFor(() => ledgerOf(api, body.id), hasEnded, 60_000);
          asked.push({ ms, status, ledger });
        }
        const isInline = ({ ledger }: (typeof asked)[number]): boolean =>
          ledger.admission.decision === 'inline';
        const firstInline = asked.findIndex(isInline);
        const answered = (inline: boolean): number[] =>
          asked.filter((one) => one.status === 200 && isInline(one) === inline).map(({ ms }) => ms);
        return {
          name,
          requests,
          queuedFirst: firstInline === -1 ? requests : firstInline,
          inline: asked.filter(isInline).length,
          promotions: asked.filter(({ ledger }) =>
            ledger.attempts.some(({ outcome }) => outcome === 'promoted'),
          ).length,
          answered202: asked.filter(({ status }) => status === 202).length,
          queuedMs: onlyMedian(answered(false)),
          inlineMs: onlyMedian(answered(true)),
        };
      }),
    );
  } finally {
    await api.stop();
  }
};
