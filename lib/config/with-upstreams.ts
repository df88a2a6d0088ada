import { type Environment, type Reader, readBy, readers, type Settings } from '../config.ts';
import { type ListedUpstream, readUpstreamList } from './upstream-list.ts';

const upstreamList: Reader<readonly ListedUpstream[]> = (value = '[]') => readUpstreamList(value);
const allReaders = { ...readers, UPSTREAMS: upstreamList };

/** `readSettings` for the functions that call upstreams: reading their list takes a schema. */
export const readSettingsWithUpstreams = <N extends keyof typeof allReaders>(
  environment: Environment,
  names: readonly N[],
): Settings<N> => readBy(allReaders, environment, names);
