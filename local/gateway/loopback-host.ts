const loopbackHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/**
 * Whether a `Host` header names this machine. A web page can have its own name resolve to 127.0.0.1
 * (DNS rebinding) and would then be of the same origin; only the header tells it apart.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && loopbackHost.test(host);
}
