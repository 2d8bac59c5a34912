/** Which resources of the templates show that a rule is kept, and by which of their properties. */
export interface ResourceEvidence {
  /** such as AWS::KMS::Key */
  readonly type: string;
  /** of logical ids; absent: every resource of the type */
  readonly ids?: RegExp;
  /** paths of names and indexes, such as `Replicas.0.SSESpecification` */
  readonly properties: readonly string[];
}

/**
 * One rule and what shows that it is kept. docs/safeguards.md and the evidence folder are both written from it, and a rule
 * that nothing shows fails the build.
 */
export interface Rule {
  /** of 45 CFR */
  readonly section: string;
  readonly title: string;
  /** required, addressable (Ward builds both the same), a standard, or outside of the Security Rule's two kinds */
  readonly kind: 'R' | 'A' | 'S' | '';
  /** in one sentence without a full stop */
  readonly does: string;
  /** files or folders; `{a,b}` and `*` as in a shell */
  readonly code: readonly string[];
  readonly pages?: readonly string[];
  /** files or folders under test/ */
  readonly tests: readonly string[];
  readonly resources: readonly ResourceEvidence[];
  /** what only the organization can do */
  readonly stays: string;
}
