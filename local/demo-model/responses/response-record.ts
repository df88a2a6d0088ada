import type { Run } from '../begin.ts';
import { countReasoning } from '../output.ts';
import { OutputItems } from './output-items.ts';
import { type ResponseState, responseDocument, responseUsage } from './response-document.ts';
import type { ResponsesRequest } from './responses-request.ts';

/** One event of a response, and how many tokens were out when it was made. */
export interface NumberedEvent {
  readonly event: { readonly type: string; readonly sequence_number: number };
  readonly tokens: number;
}

type Ending = Pick<ResponseState, 'incompleteReason' | 'error'> & {
  readonly status: 'completed' | 'incomplete' | 'failed' | 'cancelled';
};

/** One response: its events so far, for any number of readers, and the object they make. */
export class ResponseRecord {
  readonly id: string;
  readonly request: ResponsesRequest;
  readonly run: Run;
  readonly output: OutputItems;
  readonly #createdSeconds = Math.floor(Date.now() / 1_000);
  readonly #events: NumberedEvent[] = [];
  readonly #stopped = new AbortController();
  readonly #waiting = new Set<() => void>();
  #state: Omit<ResponseState, 'output'>;
  #ended = false;

  constructor(id: string, request: ResponsesRequest, run: Run) {
    this.id = id;
    this.request = request;
    this.run = run;
    const emit = (event: { readonly type: string }) => this.emit(event);
    this.output = new OutputItems(emit, run.output.calls, request);
    this.#state = {
      status: request.background ? 'queued' : 'in_progress',
      completedSeconds: null,
      incompleteReason: null,
      error: null,
      usage: null,
    };
  }

  /** Aborts when the response is cancelled or deleted. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get eventCount(): number {
    return this.#events.length;
  }

  /** What a response that goes on with this one has as input. */
  get conversationTokens(): number {
    return this.request.inputTokens + this.run.generation.tokensSent;
  }

  /** Appends an event under the next number. */
  emit(event: { readonly type: string; readonly [field: string]: unknown }): void {
    const { type, ...fields } = event;
    const numbered = { type, sequence_number: this.#events.length, ...fields };
    this.#events.push({ event: numbered, tokens: this.run.generation.tokensSent });
    this.#wake();
  }

  /** Appends an event that carries the whole response. */
  emitResponse(type: string): void {
    this.emit({ type, response: this.document() });
  }

  start(): void {
    this.#state = { ...this.#state, status: 'in_progress' };
  }

  /** Its status is final from here on; a second end changes nothing. */
  end({ status, incompleteReason, error }: Ending): void {
    if (this.#ended) return;
    this.#ended = true;
    const tokens = this.run.generation.tokensSent;
    const reasoning = countReasoning(this.run.output, tokens);
    const used = responseUsage(this.request.inputTokens, tokens, reasoning);
    this.#state = {
      status,
      incompleteReason,
      error,
      completedSeconds: status === 'completed' ? Math.floor(Date.now() / 1_000) : null,
      usage: status === 'completed' || status === 'incomplete' ? used : null,
    };
    this.#wake();
  }

  /** Stops the generation where it is; its readers' streams end without another event. */
  stop(outcome: 'cancelled' | 'deleted'): void {
    if (this.#ended) return;
    this.run.generation.close(outcome);
    this.end({ status: 'cancelled', incompleteReason: null, error: null });
    this.#stopped.abort();
  }

  document() {
    const status = this.#ended ? 'incomplete' : 'in_progress';
    return responseDocument(
      { id: this.id, createdSeconds: this.#createdSeconds, request: this.request },
      { ...this.#state, output: this.output.items(status) },
    );
  }

  /** The events from that number on, then those to come, until the response or the signal ends. */
  async *follow(from: number, signal: AbortSignal): AsyncGenerator<NumberedEvent> {
    for (let next = from; !signal.aborted; ) {
      const event = this.#events[next];
      if (event) {
        next++;
        yield event;
      } else if (this.#ended) {
        return;
      } else {
        await this.#change(signal);
      }
    }
  }

  /** Resolves at the next change, or when the signal aborts. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
