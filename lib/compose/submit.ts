import { readSettings } from '../config.ts';
import { composeHttp, httpNames } from './http.ts';
import { composeMaking, makingNames } from './making.ts';

/** Throws Fault `misconfigured`. */
export const composeSubmit = () => {
  const settings = readSettings(process.env, [
    ...makingNames,
    ...httpNames,
    'WAIT_DEFAULT_MS_GENERATE',
    'WAIT_DEFAULT_MS_RESPONSES',
    'WAIT_DEFAULT_MS_CHAT',
  ]);
  const { deps } = composeMaking('submit', settings);
  const waits = {
    generateMs: settings.WAIT_DEFAULT_MS_GENERATE,
    responsesMs: settings.WAIT_DEFAULT_MS_RESPONSES,
    chatMs: settings.WAIT_DEFAULT_MS_CHAT,
  };
  return { deps, waits, http: composeHttp(settings, deps.log) };
};
