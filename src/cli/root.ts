/** Where this installation's own files are. */
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));
