import { agreements } from './agreements';
import { alarms } from './alarms';
import { archive } from './archive';
import { auditLog } from './audit-log';
import { backups } from './backups';
import { deadLetters } from './dead-letters';
import { duties } from './duties';
import type { Check } from './finding';
import { functions } from './functions';
import { keys } from './keys';
import { lockdown } from './lockdown';
import { logGroups } from './log-groups';
import { mail } from './mail';
import type { Place } from './place';
import { signIn } from './sign-in';
import { stageSettings } from './stage-settings';
import { tables } from './tables';

/** In the order in which they are printed: what is lost for good when it is wrong comes first. */
export const checks: readonly Check<Place>[] = [
  keys,
  archive,
  auditLog,
  tables,
  backups,
  signIn,
  lockdown,
  duties,
  agreements,
  deadLetters,
  alarms,
  mail,
  logGroups,
  functions,
  stageSettings,
];
