import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';

const lifelineFd = 3;

/**
 * Ends this process when the one that started it is gone, however it went: the kernel closes the
 * other end of the socket at descriptor 3. Without such a socket (a runtime started by somebody
 * else) this does nothing.
 */
export function holdLifeline(): void {
  if (!isSocket(lifelineFd)) return;
  const lifeline = new Socket({ fd: lifelineFd, readable: true, writable: false });
  const end = () => process.kill(process.pid, 'SIGKILL');
  lifeline.on('error', end).on('close', end).on('end', end);
  lifeline.resume();
  lifeline.unref();
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}
