import type { Action } from '../access/policy';

/**
 * What a restore must do again of each action that Ward knows. The type asks for every one of them: whoever adds an action
 * says here whether it takes a right away, or why a restore may forget it.
 */
export type ReplayRule =
  | 'dispose'
  | 'person'
  | 'containment'
  | 'control'
  | 'membership'
  | 'representation'
  | 'legal-hold'
  | 'associate'
  /** every request for an approval that is open after a restore is void: it may have been used, or refused */
  | 'approvals-void'
  /** everybody signs in again, whoever had signed out */
  | 'signed-out'
  /** an access that was opened before the restore is closed */
  | 'emergencies-end'
  /** it gives a right, or writes what is lost with the restore, and takes nothing from anybody */
  | 'nothing-taken'
  /** it reads */
  | 'reads';

const replayRules = {
  'account.read': 'reads',
  'account.sign-out': 'signed-out',
  'account.enroll': 'nothing-taken',
  'account.invite': 'nothing-taken',
  'user.list': 'reads',
  'access-review.list': 'reads',
  'access-review.read': 'reads',
  'access-review.record': 'nothing-taken',
  'user.read': 'reads',
  'user.change-role': 'person',
  'user.suspend': 'person',
  'user.reinstate': 'person',
  'user.recover-mfa': 'person',
  'user.create': 'nothing-taken',
  'user.relate': 'nothing-taken',
  'approval.request': 'approvals-void',
  'approval.list': 'reads',
  'approval.read': 'reads',
  'approval.approve': 'approvals-void',
  'approval.reject': 'approvals-void',
  'patient.register': 'nothing-taken',
  'patient.read': 'reads',
  'patient.correct': 'nothing-taken',
  'patient.search': 'reads',
  'patient.export': 'reads',
  'record.list': 'reads',
  'record.read': 'reads',
  'record.history': 'reads',
  'record.version': 'reads',
  'record.create': 'nothing-taken',
  'record.update': 'nothing-taken',
  'care-team.read': 'reads',
  'care-team.add': 'membership',
  'care-team.remove': 'membership',
  'representative.record': 'representation',
  'representative.end': 'representation',
  'emergency.open': 'emergencies-end',
  'emergency.second': 'emergencies-end',
  'emergency.list': 'reads',
  'emergency.read': 'reads',
  'emergency.review': 'nothing-taken',
  'task.record': 'nothing-taken',
  'task.list': 'reads',
  'vip.mark': 'nothing-taken',
  'vip.clear': 'nothing-taken',
  'control.list': 'reads',
  'control.lockdown': 'control',
  'control.lockdown-release': 'nothing-taken',
  'control.freeze-role': 'control',
  'control.release-role': 'nothing-taken',
  'control.freeze-patient': 'control',
  'control.release-patient': 'nothing-taken',
  'record.versions': 'reads',
  'lookup.rotate': 'nothing-taken',
  'key.list': 'reads',
  'key.rotate': 'nothing-taken',
  'patient.dispose': 'dispose',
  'disposal.read': 'reads',
  'legal-hold.place': 'legal-hold',
  'legal-hold.release': 'nothing-taken',
  'associate.record': 'nothing-taken',
  'associate.list': 'reads',
  'associate.read': 'reads',
  'associate.renew': 'nothing-taken',
  'associate.end': 'associate',
  'import.create': 'nothing-taken',
  'import.read': 'reads',
  'import.stage': 'nothing-taken',
  'import.commit': 'nothing-taken',
  'access-log.read': 'reads',
  'audit.search': 'reads',
  'audit.acknowledge': 'nothing-taken',
  'alert.list': 'reads',
  'alert.read': 'reads',
  'alert.dismiss': 'nothing-taken',
  'alert.open-incident': 'nothing-taken',
  'alert.contain': 'containment',
  'alert.precision': 'reads',
  'incident.open': 'nothing-taken',
  'incident.list': 'reads',
  'incident.read': 'reads',
  'incident.contain': 'containment',
  'incident.assess': 'nothing-taken',
  'incident.determine': 'nothing-taken',
  'incident.hold': 'nothing-taken',
  'incident.scope': 'nothing-taken',
  'incident.people': 'reads',
  'incident.change-people': 'nothing-taken',
  'incident.notify': 'nothing-taken',
  'incident.notices': 'reads',
  'incident.notice': 'reads',
  'incident.prove': 'nothing-taken',
  'incident.document': 'reads',
  'incident.dossier': 'reads',
  'incident.release': 'nothing-taken',
  'incident.close': 'nothing-taken',
  'incident.reopen': 'nothing-taken',
} as const satisfies Readonly<Record<Action, ReplayRule>>;

const needed: readonly ReplayRule[] = [
  'dispose',
  'person',
  'containment',
  'control',
  'membership',
  'representation',
  'legal-hold',
  'associate',
];
/** also of approvals: a certificate of disposal names who asked and who agreed */
const named: readonly string[] = ['approval.request', 'approval.approve'];

const rules: ReadonlyMap<string, ReplayRule> = new Map(Object.entries(replayRules));

/** @returns what an event's action is to a replay; undefined for an action that no request has */
export const ruleOf = (action: string): ReplayRule | undefined => rules.get(action);

/** @returns whether the planner looks at events of this action */
export function isReplayed(action: string): boolean {
  const rule = rules.get(action);
  return (rule !== undefined && needed.includes(rule)) || named.includes(action);
}
