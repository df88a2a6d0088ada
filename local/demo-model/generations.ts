import type { FaultName } from './faults.ts';

export type Outcome = 'finished' | 'client_gone' | 'cancelled' | 'deleted' | `fault:${FaultName}`;
export type Protocol = 'chat' | 'responses';

/** One line of the demo model's own record: what it generated, for whom, and how that ended. */
export interface GenerationEntry {
  readonly id: string;
  readonly key: string;
  readonly protocol: Protocol;
  /** Whether it goes on without a connection. */
  readonly background: boolean;
  readonly model: string;
  /** The first 200 characters of the last user message. */
  readonly prompt: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** Tokens generated, whether streamed or held for a plain answer. */
  readonly tokensSent: number;
  readonly text: string;
  /** Null while it runs; a fault that holds the connection is named while it does. */
  readonly outcome: Outcome | null;
  /** True until the answer ended or its connection closed. */
  readonly open: boolean;
}

interface Start extends Pick<GenerationEntry, 'id' | 'key' | 'protocol' | 'background' | 'model'> {
  readonly message: string;
  /** The text of each token; empty for those that are no text. */
  readonly tokens: readonly string[];
}

const maxEntries = 20_000;
const promptChars = 200;

/** One generation under way; the first outcome it is given stays. */
export class Generation {
  readonly #start: Omit<Start, 'message' | 'tokens'> & { prompt: string; startedAtMs: number };
  #tokens: readonly string[];
  #text: string | null = null;
  #tokensSent = 0;
  #outcome: Outcome | null = null;
  #endedAtMs: number | null = null;

  constructor({ message, tokens, ...named }: Start) {
    // Through bytes, since a slice would keep the whole message in memory.
    const prompt = Buffer.from(message.slice(0, promptChars)).toString();
    this.#start = { ...named, prompt, startedAtMs: Date.now() };
    this.#tokens = tokens;
  }

  /** Counts that many more tokens as generated. */
  advance(tokens: number): void {
    this.#tokensSent += tokens;
  }

  get tokensSent(): number {
    return this.#tokensSent;
  }

  get text(): string {
    return this.#text ?? this.#tokens.slice(0, this.#tokensSent).join('');
  }

  /** Names the fault that happened; the generation stays open. */
  mark(fault: FaultName): void {
    this.#outcome ??= `fault:${fault}`;
  }

  /** Ends it; a second end changes nothing. */
  close(outcome: Outcome): void {
    if (this.#endedAtMs !== null) return;
    this.#outcome ??= outcome;
    this.#endedAtMs = Date.now();
    this.#text = this.text;
    this.#tokens = [];
  }

  entry(): GenerationEntry {
    return {
      ...this.#start,
      endedAtMs: this.#endedAtMs,
      tokensSent: this.#tokensSent,
      text: this.text,
      outcome: this.#outcome,
      open: this.#endedAtMs === null,
    };
  }
}

/** The last 20,000 generations, in the order they started. */
export class GenerationLog {
  readonly #generations = new Map<string, Generation>();

  start(start: Start): Generation {
    const generation = new Generation(start);
    this.#generations.set(start.id, generation);
    if (this.#generations.size > maxEntries) {
      const oldest = this.#generations.keys().next();
      if (!oldest.done) this.#generations.delete(oldest.value);
    }
    return generation;
  }

  entries(): GenerationEntry[] {
    return [...this.#generations.values()].map((generation) => generation.entry());
  }

  reset(): void {
    this.#generations.clear();
  }
}
