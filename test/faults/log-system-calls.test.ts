/** The log on a disk that fails: every system call of an append. */
import { testSystemCalls } from '../support/log-system-calls.ts';

await testSystemCalls('append', 'append that fills a tile');
