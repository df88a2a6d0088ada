import type { Settings } from '../config.ts';
import type { Log } from '../ports/system.ts';

export const httpNames = ['PUBLIC_BASE_URL', 'CORS_ORIGINS'] as const;

/** What the API functions answer by. */
export const composeHttp = (settings: Settings<(typeof httpNames)[number]>, log: Log) => ({
  corsOrigins: settings.CORS_ORIGINS,
  publicBaseUrl: settings.PUBLIC_BASE_URL,
  log,
});
