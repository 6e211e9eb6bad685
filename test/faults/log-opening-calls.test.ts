/** The log on a disk that fails: every system call while it is founded, and in a recovery. */
import { testSystemCalls } from '../support/log-system-calls.ts';

await testSystemCalls('founding', 'recovery');
