import { Fault } from '../../../lib/errors.ts';
import type { UpstreamServer, Upstreams } from '../../../lib/ports/upstreams.ts';
import type { JsonObject } from '../../../lib/wire/production.ts';
import { finishChunk, startChunk, textChunk } from '../../fixtures/chat-chunks.ts';
import { stopAtUpstream } from '../protocol/step.ts';
import { type Generation, tokenOf, tokensEach } from '../protocol/world.ts';
import type { Stage, Way } from './stage.ts';

/* An upstream whose generations keep to the stage: each event waits to be chosen. */

const later = { retry: { kind: 'later', afterMs: 0 } } as const;
const pauseMs = 2_500;

const cut = (): Fault => new Fault('upstream_cut', 'Cut.', later);

const wholeText = (number: number): string =>
  Array.from({ length: tokensEach }, (_, token) => tokenOf(number, token)).join('');

/** Number 0 opens, then come the tokens, and one more ends. */
const responseEvent = ({ number, state }: Generation, at: number): JsonObject => {
  const response = { id: `g${number}`, model: 'm', status: 'in_progress', output: [] };
  const sequence_number = at;
  if (state === 'failed' || state === 'stopped') {
    const status = state === 'failed' ? 'failed' : 'cancelled';
    const error = { code: 'server_error', message: 'Failed.' };
    return {
      type: `response.${status}`,
      sequence_number,
      response: { ...response, status, error },
    };
  }
  if (at === 0) return { type: 'response.created', sequence_number, response };
  if (at <= tokensEach) {
    const delta = tokenOf(number, at - 1);
    return { type: 'response.output_text.delta', sequence_number, delta };
  }
  const content = [{ type: 'output_text', text: wholeText(number) }];
  const completed = { ...response, status: 'completed', output: [{ type: 'message', content }] };
  return { type: 'response.completed', sequence_number, response: completed };
};

const chatEvent = ({ number }: Generation, at: number): JsonObject => {
  if (at === 0) return startChunk('m');
  return at <= tokensEach ? textChunk(tokenOf(number, at - 1)) : finishChunk();
};

export const upstreamsOf = (
  stage: Stage,
  actor: string,
  { adoptable, parks }: { readonly adoptable: boolean; readonly parks?: boolean },
): Upstreams => {
  const find = (number: number): Generation | undefined =>
    stage.facts.generations.find((one) => one.number === number);
  const mark = (number: number, state: Generation['state']): void => {
    const generations = stage.facts.generations.map((one) =>
      one.number === number && one.state === 'running' ? { ...one, state } : one,
    );
    stage.change({ generations });
  };

  /** Let go of before it told its name: it runs on, and cannot be stopped. */
  const lose = (number: number): void => {
    const generations = stage.facts.generations.map((one) =>
      one.number === number ? { ...one, excused: true, orphaned: true } : one,
    );
    stage.change({ generations });
  };

  const start = (): number => {
    const { generations, expired, holders } = stage.facts;
    // Before its job is on record, the first attempt may have called already.
    const attempt = holders.findLast(({ by }) => by === actor)?.attempt ?? 1;
    const isFrozen = expired.includes(attempt);
    const isUnexplained = generations.some(({ excused, state }) => !excused && state !== 'failed');
    if (isUnexplained && !isFrozen) {
      stage.broken ??= 'a generation is paid that no fault explains';
    }
    const number = generations.length + 1;
    const opened: Generation = {
      number,
      openedBy: attempt,
      state: 'running',
      excused: isFrozen,
      orphaned: false,
    };
    stage.change({ generations: [...generations, opened] });
    return number;
  };

  const eventWays = (number: number, at: number): readonly Way<JsonObject>[] => {
    const eventOf = adoptable ? responseEvent : chatEvent;
    const next = (): JsonObject => {
      const generation = find(number);
      if (generation === undefined) throw cut();
      if (at > tokensEach) mark(number, 'finished');
      return eventOf(find(number) ?? generation, at);
    };
    const fails = (): JsonObject => {
      mark(number, 'failed');
      if (!adoptable) throw cut();
      return next();
    };
    const ways: Way<JsonObject>[] = [
      { label: `hears event ${at} of generation ${number}`, act: next },
      { label: `hears generation ${number} fail`, cost: 'upstreamFaults', act: fails },
    ];
    const cuts = (): JsonObject => {
      throw cut();
    };
    if (adoptable && at > 0) {
      ways.push({ label: `is cut off generation ${number}`, cost: 'upstreamFaults', act: cuts });
    }
    return ways;
  };

  async function* stream(number: number, from: number, signal: AbortSignal) {
    let heard = 0;
    try {
      for (let at = from; at <= tokensEach + 1; at += 1) {
        const event = await stage.call(actor, 'event', () => eventWays(number, at), signal);
        heard += 1;
        yield event;
        // Long enough for its attempt to see that nobody waits for it.
        const isSlow = parks && heard === 1 && find(number)?.state === 'running';
        if (isSlow) await stage.sleep(actor, pauseMs, signal);
      }
    } finally {
      // A connection that closes ends what cannot go on alone; of what can, nobody has the name
      // before the first event.
      if (!adoptable) mark(number, 'stopped');
      else if (heard === 0 && from === 0) lose(number);
    }
  }

  const numberOf = (id: string): number => Number(id.slice(1));
  const server: UpstreamServer = {
    name: 'first',
    protocol: adoptable ? 'responses' : 'chat',
    adoptable,
    async *open(_, signal) {
      const ways = () => [{ label: 'starts a generation', act: start }];
      const number = await stage.call(actor, 'open', ways, signal);
      yield* stream(number, 0, signal);
    },
    async *resume(id, startingAfter, signal) {
      const isGone = (): void => {
        mark(numberOf(id), 'failed');
        throw new Fault('upstream_lost', 'Lost.', later);
      };
      const ways = (): readonly Way<void>[] => [
        { label: `resumes ${id}`, act: () => undefined },
        { label: `finds ${id} lost`, cost: 'upstreamFaults', act: isGone },
      ];
      await stage.call(actor, 'resume', ways, signal);
      yield* stream(numberOf(id), (startingAfter ?? -1) + 1, signal);
    },
    retrieve: (id, signal) => {
      const look = (): JsonObject => {
        const generation = find(numberOf(id));
        if (generation === undefined) throw new Fault('upstream_lost', 'Lost.', later);
        const { response } = responseEvent(generation, tokensEach + 1);
        if (generation.state === 'running') mark(numberOf(id), 'finished');
        return Object.assign({}, response);
      };
      const ways = (): readonly Way<JsonObject>[] => {
        const ended = { label: `looks at ${id}, which has ended`, act: look };
        const isRunning = parks && find(numberOf(id))?.state === 'running';
        const runs = (): JsonObject => ({ id, status: 'in_progress', output: [] });
        return isRunning ? [ended, { label: `sees ${id} run`, act: runs }] : [ended];
      };
      return stage.call(actor, 'retrieve', ways, signal);
    },
    cancel: (id) => {
      const stop = (): void => {
        const { job } = stage.facts;
        if (job === undefined) return;
        const { world, broken } = stopAtUpstream({ ...stage.facts, job }, id, actor);
        stage.facts = world;
        if (broken !== undefined) stage.broken ??= broken;
      };
      return stage.call(actor, 'stop', () => [{ label: `stops ${id}`, act: stop }]);
    },
    models: async () => [],
  };
  return {
    defaultModel: 'm',
    route: (model) => [{ upstream: server, model }],
    named: () => server,
    all: () => [server],
  };
};
