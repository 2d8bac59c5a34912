import { administrativeSafeguards } from './administrative-safeguards';
import { privacyAndBreach } from './privacy-and-breach';
import type { Rule } from './rule';
import { technicalSafeguards } from './technical-safeguards';

export const rules: readonly Rule[] = [...administrativeSafeguards, ...technicalSafeguards, ...privacyAndBreach];
