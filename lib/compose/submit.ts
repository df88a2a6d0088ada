import { readSettingsWithUpstreams } from '../config/with-upstreams.ts';
import { composeHttp, httpNames } from './http.ts';
import { composeMaking, makingNames } from './making.ts';

/** Throws Fault `misconfigured`. */
export const composeSubmit = () => {
  const settings = readSettingsWithUpstreams(process.env, [
    ...makingNames,
    ...httpNames,
    'ADMIT_UNSEEN',
    'WAIT_DEFAULT_MS_GENERATE',
    'WAIT_DEFAULT_MS_RESPONSES',
    'WAIT_DEFAULT_MS_CHAT',
  ]);
  const { table, deps: making } = composeMaking('submit', settings);
  const deps = { ...making, admitUnseen: settings.ADMIT_UNSEEN };
  const waits = {
    generateMs: settings.WAIT_DEFAULT_MS_GENERATE,
    responsesMs: settings.WAIT_DEFAULT_MS_RESPONSES,
    chatMs: settings.WAIT_DEFAULT_MS_CHAT,
  };
  return { deps, waits, http: composeHttp(table, settings, deps) };
};
