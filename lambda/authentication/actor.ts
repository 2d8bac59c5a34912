/** What a person may be in Ward. The role lives in the governance table; the token only says who. */
export const roles = [
  'clinician',
  'billing',
  'registrar',
  'patient',
  'admin',
  'compliance_officer',
  'auditor',
] as const;
export type Role = (typeof roles)[number];

/** Who a verified access token names. 45 CFR 164.312(a)(2)(i): `sub` is unique and never reused. */
export interface Identity {
  /** whom the token says it is of: the Cognito `sub` of the person's first account, a UUID; held against `account` */
  readonly sub: string;
  /** Cognito `sub` of the account that signed in */
  readonly account: string;
  /** `origin_jti`: one sign-in, kept across refreshes */
  readonly session: string;
  /** when the person last proved both factors */
  readonly authenticatedAt: Date;
  /** when this token ends */
  readonly expiresAt: Date;
}
