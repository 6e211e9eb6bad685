/** Security headers of what is served: pages without script and style, and answers of an API, need nothing at all. */
import { secureHeaders } from 'hono/secure-headers';

/** The word for no source. */
export const nothing = ["'none'"];
/** What holds for every answer, whatever its content security policy. */
export const commonHeaders = {
  strictTransportSecurity: 'max-age=63072000; includeSubDomains',
  referrerPolicy: 'no-referrer',
  crossOriginResourcePolicy: 'same-origin',
} as const;
/** A content security policy under which nothing is loaded, framed or rebased. */
export const nothingAllowed = { defaultSrc: nothing, frameAncestors: nothing, baseUri: nothing };
/** Headers of answers of an API, and of pages without script and style. */
export const strictHeaders = secureHeaders({ ...commonHeaders, contentSecurityPolicy: nothingAllowed });
