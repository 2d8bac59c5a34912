import { Construct } from 'constructs';
import { WardTable } from './records';

/** 45 CFR 164.312(a)(1): the table that says what a person may do, read anew with every request. */
export class Access extends Construct {
  /** actors, sessions, care teams, enrollments, imports, controls; by kind of partition */
  readonly governance: WardTable;

  constructor(scope: Construct, id: string, props: { readonly stage: string }) {
    super(scope, id);
    this.governance = new WardTable(this, 'Governance', {
      stage: props.stage,
      holds: 'actors, care teams and controls',
      expires: true,
    });
  }
}
