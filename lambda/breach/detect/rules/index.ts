import { afterHours } from './after-hours';
import { bulkReading } from './bulk-reading';
import { coWorker } from './co-worker';
import { emergencySeries } from './emergency-series';
import { emergencyWithoutCause } from './emergency-without-cause';
import { foreignAccount } from './foreign-account';
import { impossibleTravel } from './impossible-travel';
import { inactivePatient } from './inactive-patient';
import { massExport } from './mass-export';
import { newNetwork } from './new-network';
import { otherDepartment } from './other-department';
import { patientsPerDay } from './patients-per-day';
import { patientsPerHour } from './patients-per-hour';
import { repeatedDenials } from './repeated-denials';
import { repeatedPatient } from './repeated-patient';
import { returnedToPatient } from './returned-to-patient';
import type { SignalRule, WindowRule } from './rule';
import { sameAddress } from './same-address';
import { sameFamily } from './same-family';
import { searchHarvesting } from './search-harvesting';
import { selfAccess } from './self-access';
import { sequentialIdProbing } from './sequential-id-probing';
import { signInFailures } from './sign-in-failures';
import { suspendedAttempts } from './suspended-attempts';
import { suspendedUser } from './suspended-user';
import { triedAgain } from './tried-again';
import { unexplainedAccess } from './unexplained-access';
import { unexplainedPatients } from './unexplained-patients';
import { vip } from './vip';

/** Rules about what one person or network does within an hour or a day. */
export const windowRules: readonly WindowRule[] = [
  bulkReading,
  emergencySeries,
  foreignAccount,
  impossibleTravel,
  massExport,
  patientsPerDay,
  patientsPerHour,
  repeatedDenials,
  searchHarvesting,
  sequentialIdProbing,
  signInFailures,
  suspendedAttempts,
  suspendedUser,
];

/** What an access without an explanation is scored by; of equal weights the first one gives the alert its name. */
export const signalRules: readonly SignalRule[] = [
  selfAccess,
  sameAddress,
  sameFamily,
  coWorker,
  vip,
  emergencyWithoutCause,
  repeatedPatient,
  returnedToPatient,
  inactivePatient,
  triedAgain,
  otherDepartment,
  unexplainedAccess,
  afterHours,
  newNetwork,
];

/** Each rule's id, severity and reason, for the documentation and for alerts. */
export const rules: readonly Pick<WindowRule, 'id' | 'severity' | 'reason' | 'mayContain'>[] = [
  ...windowRules,
  ...signalRules.map((rule) => ({ ...rule, mayContain: false as const })),
  unexplainedPatients,
];
