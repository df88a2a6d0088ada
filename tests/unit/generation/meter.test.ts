import { describe, expect, it } from 'vitest';
import { Fault, type FaultCode } from '../../../lib/errors.ts';
import { beginMeter } from '../../../lib/generation/meter.ts';

const delta = (text: string) => ({ type: 'response.output_text.delta', delta: text });
const usage = { input_tokens: 5, output_tokens: 50, total_tokens: 55 };
const nothing = { told: undefined, inputTokens: 0, outputTokens: 0 };

/** A meter of a job whose calls read nine tokens. */
const meterOf = () => beginMeter({ inputTokens: 9 });

describe('what an attempt took', () => {
  it('is nothing before it called', () => {
    expect(meterOf().spent()).toEqual(nothing);
  });

  it('is its input from the call on, and its output as it comes', () => {
    const meter = meterOf();
    meter.called();
    expect(meter.spent()).toEqual({ ...nothing, inputTokens: 9 });
    meter.saw(delta('12345678'));
    expect(meter.spent()).toEqual({ told: undefined, inputTokens: 9, outputTokens: 2 });
  });

  it.each<[FaultCode, number]>([
    ['upstream_unreachable', 0],
    ['upstream_credentials', 0],
    ['upstream_rejected', 0],
    ['upstream_rate_limited', 0],
    ['upstream_unavailable', 0],
    ['upstream_error', 9],
    ['upstream_cut', 9],
    ['upstream_stalled', 9],
  ])('of a call that failed with %s before its first event is %i tokens', (code, inputTokens) => {
    const meter = meterOf();
    meter.called();
    meter.failed(new Fault(code, 'It failed.'));
    expect(meter.spent()).toEqual({ ...nothing, inputTokens });
  });

  it('stays when a call is refused after its first event', () => {
    const meter = meterOf();
    meter.called();
    meter.saw(delta('1234'));
    meter.failed(new Fault('upstream_rate_limited', 'Enough.'));
    expect(meter.spent()).toEqual({ told: undefined, inputTokens: 9, outputTokens: 1 });
  });

  it('is what the upstream told at its end, also of a failed generation', () => {
    const finished = meterOf();
    finished.called();
    finished.saw(delta('1234'));
    finished.finished(usage);
    expect(finished.spent()).toEqual({ ...nothing, told: usage });
    const failed = meterOf();
    failed.called();
    failed.saw({ type: 'response.failed', response: { status: 'failed', usage } });
    expect(failed.spent()).toEqual({ ...nothing, told: usage });
  });

  it('is counted where the upstream told nothing at its end', () => {
    const meter = meterOf();
    meter.called();
    meter.saw(delta('1234'));
    meter.finished(undefined);
    expect(meter.spent()).toEqual({ told: undefined, inputTokens: 9, outputTokens: 1 });
  });

  it('is what the chunks told so far of a stream that was cut', () => {
    const meter = meterOf();
    meter.called();
    const told = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
    meter.saw({ choices: [{ delta: { content: 'one' } }], usage: told });
    expect(meter.spent()).toEqual({ told: undefined, inputTokens: 5, outputTokens: 2 });
  });

  it('is the output alone of a generation that it went on with', () => {
    const meter = meterOf();
    meter.saw(delta('1234'));
    expect(meter.spent()).toEqual({ ...nothing, outputTokens: 1 });
  });

  it('keeps what a generation took that was given up, beside the next one’s', () => {
    const meter = meterOf();
    meter.called();
    meter.saw(delta('1234'));
    meter.gaveUp();
    meter.called();
    meter.saw(delta('12345'));
    expect(meter.spent()).toEqual({ told: undefined, inputTokens: 18, outputTokens: 3 });
    meter.finished(usage);
    expect(meter.spent()).toEqual({ told: usage, inputTokens: 9, outputTokens: 1 });
  });
});
