/**
 * What one check found. `fail`: the service will not deploy, or not work. `warn`: it works, but not as
 * one may expect. `unknown`: it could not be found out.
 */
export type Finding = {
  readonly check: string;
  readonly result: 'ok' | 'warn' | 'fail' | 'unknown';
  readonly text: string;
};
