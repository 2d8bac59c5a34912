import type { ActorState, Finding, RoleBaseline } from './model';
import type { DetectionSettings } from './settings';

/** What a decision needs beside the subject's own state. */
export interface Context {
  readonly settings: DetectionSettings;
  /** of the subject's role, made once a day; absent: there is none yet */
  readonly baseline?: RoleBaseline;
}
export interface Result {
  readonly state: ActorState;
  readonly findings: readonly Finding[];
}
