import { Fault } from '../errors.ts';
import type { Clock } from '../ports/system.ts';
import { awsTransport } from './aws-transport.ts';
import { remembered } from './remembered.ts';

const freshMs = 5 * 60_000;

/** Only a function whose secret is a parameter pays for loading the SSM client. */
const parameterReader = (parameterName: string): (() => Promise<string>) => {
  const opened = async () => {
    const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
    const client = new SSMClient(awsTransport);
    const command = new GetParameterCommand({ Name: parameterName, WithDecryption: true });
    return () => client.send(command);
  };
  let opening: ReturnType<typeof opened> | undefined;

  return async () => {
    opening ??= opened();
    const ask = await opening;
    const { Parameter: parameter } = await ask().catch((cause: unknown) => {
      throw unreadable(parameterName, cause);
    });
    if (!parameter?.Value) throw unreadable(parameterName);
    return parameter.Value;
  };
};

const unreadable = (parameterName: string, cause?: unknown): Fault =>
  new Fault('misconfigured', `The SSM parameter ${parameterName} cannot be read.`, {
    retry: { kind: 'later', afterMs: 5_000 },
    cause,
  });

/**
 * A secret given as `value`, or kept in the SSM parameter `parameterName`: read decrypted on first
 * use, and again after 5 minutes; while SSM fails the last value serves. Undefined when neither is
 * given. Throws Fault `misconfigured` while the parameter was never read.
 */
export const secret = (
  value: string | undefined,
  parameterName: string | undefined,
  clock: Pick<Clock, 'nowMs'>,
): (() => Promise<string | undefined>) => {
  if (value) return async () => value;
  if (parameterName) return remembered(parameterReader(parameterName), freshMs, clock);
  return async () => undefined;
};
