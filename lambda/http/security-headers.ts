/**
 * Sent with every answer, of code and of the gateway. 45 CFR 164.312(e)(1): browsers never ask over plain HTTP (RFC 6797) and
 * keep no copy; an answer that is opened as a page runs nothing.
 */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=63072000; includeSubDomains; preload',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const;

/** What the gateway answers by itself: API Gateway takes constant values in single quotes, which no value may have inside. */
export const gatewayHeaders: Readonly<Record<string, string>> = {
  ...securityHeaders,
  'content-security-policy': 'sandbox',
};
