/** Whether this machine can build the walls, asked without our own code: walls that break must fail a test, not skip it. */
import { spawnSync } from 'node:child_process';

const plain = spawnSync('bwrap', ['--unshare-all', '--unshare-user', '--ro-bind', '/', '/', 'true'], {
  encoding: 'utf8',
});

/** Whether bubblewrap makes namespaces here. */
export const canSandbox = plain.status === 0;

/** The reason to skip with where it does not. */
export const needsBubblewrap = `needs bubblewrap and user namespaces: ${plain.error?.message ?? plain.stderr}`;
