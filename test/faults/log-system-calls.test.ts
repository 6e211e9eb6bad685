/** The log on a disk that fails: every system call of an append, also of one that cuts the journal. */
import { testSystemCalls } from '../support/log-system-calls.ts';

await testSystemCalls('append', 'append that fills a tile', 'append that cuts the journal');
