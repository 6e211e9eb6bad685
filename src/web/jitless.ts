/** Imported before any schema is made: zod must not try `new Function`, which the content security policy forbids. */
import { config } from 'zod';

config({ jitless: true });
