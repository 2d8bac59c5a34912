import * as z from 'zod';
import { BreachError } from './breach-error';

/**
 * 45 CFR 164.402(2): an impermissible use or disclosure is presumed to be a breach unless a risk assessment of at least
 * these four factors shows a low probability that the information was compromised. Each question has an answer that is a
 * code, and a reason in words, which is sealed with the other narratives.
 */
export const factors = {
  nature: {
    factor: '(i) the nature and extent of the information, and the likelihood of re-identification',
    questions: {
      identifiers: {
        text: 'Which identifiers were involved?',
        answers: { none: 'low', limited: 'medium', direct: 'high' },
      },
      sensitivity: {
        text: 'How sensitive is the information?',
        answers: { demographic: 'low', financial: 'high', clinical: 'medium', 'especially-sensitive': 'high' },
      },
    },
  },
  person: {
    factor: '(ii) the unauthorized person who used it or to whom it was disclosed',
    questions: {
      obligation: {
        text: 'Is the person bound to protect it by HIPAA or by the Privacy Act?',
        answers: { bound: 'low', workforce: 'medium', stranger: 'high', unknown: 'high' },
      },
      motive: {
        text: 'Why was it accessed?',
        answers: { mistake: 'low', curiosity: 'medium', gain: 'high', unknown: 'high' },
      },
    },
  },
  acquired: {
    factor: '(iii) whether the information was actually acquired or viewed',
    questions: {
      viewed: {
        text: 'Was it viewed or acquired?',
        answers: { 'not-viewed': 'low', 'cannot-tell': 'high', viewed: 'medium', copied: 'high' },
      },
    },
  },
  mitigation: {
    factor: '(iv) the extent to which the risk has been mitigated',
    questions: {
      assurance: {
        text: 'What assurance is there that it goes no further?',
        answers: {
          'returned-or-destroyed': 'low',
          'written-assurance': 'medium',
          'oral-assurance': 'high',
          none: 'high',
        },
      },
      containment: {
        text: 'Has access ended?',
        answers: { ended: 'low', partly: 'medium', 'not-ended': 'high' },
      },
    },
  },
} as const;

export type FactorName = keyof typeof factors;
export const factorNames = Object.keys(factors) as [FactorName, ...FactorName[]];
export type Risk = 'low' | 'medium' | 'high';
interface Question {
  readonly text: string;
  readonly answers: Readonly<Record<string, Risk>>;
}
export const questionsOf = (name: FactorName): Readonly<Record<string, Question>> => factors[name].questions;

const exceptionKinds = ['exception-i', 'exception-ii', 'exception-iii'] as const;
/** 45 CFR 164.402(1), in words of our own. */
export const exceptions: Readonly<Record<(typeof exceptionKinds)[number], string>> = {
  'exception-i':
    'Unintentional access by a member of the workforce, in good faith and within the scope of their authority, and not used further',
  'exception-ii': 'Inadvertent disclosure between people of one entity who are both authorized, and not used further',
  'exception-iii': 'Good-faith belief that the recipient could not have retained the information',
};

export const outcomes = ['breach', 'not-a-breach', 'secured', ...exceptionKinds] as const;
export type Outcome = (typeof outcomes)[number];

const reason = z.string().trim().min(10, 'must be a reason of at least 10 characters').max(4000);
const factorAnswers = <Name extends FactorName>(name: Name) =>
  z.strictObject({
    answers: z.strictObject(
      Object.fromEntries(
        Object.entries(questionsOf(name)).map(([question, { answers }]) => [
          question,
          z.enum(Object.keys(answers) as [string, ...string[]], {
            error: `must be one of ${Object.keys(answers).join(', ')}`,
          }),
        ]),
      ),
    ),
    reason,
  });

/** What the compliance officer fills in: every question, and a reason for each factor. */
export const assessmentInput = z.strictObject({
  nature: factorAnswers('nature'),
  person: factorAnswers('person'),
  acquired: factorAnswers('acquired'),
  mitigation: factorAnswers('mitigation'),
  /** of the whole; `low` alone can make it no breach */
  probability: z.enum(['low', 'not-low']),
  conclusion: reason,
});
export type AssessmentInput = z.infer<typeof assessmentInput>;

/** Codes alone: what the incident keeps readable. Reasons are sealed. */
export const assessmentCodes = z.object({
  answers: z.record(z.string(), z.string()),
  risks: z.object({
    nature: z.enum(['low', 'medium', 'high']),
    person: z.enum(['low', 'medium', 'high']),
    acquired: z.enum(['low', 'medium', 'high']),
    mitigation: z.enum(['low', 'medium', 'high']),
  }),
  probability: z.enum(['low', 'not-low']),
  by: z.string(),
  at: z.string(),
});
export type AssessmentCodes = z.infer<typeof assessmentCodes>;

const order: readonly Risk[] = ['low', 'medium', 'high'];

/**
 * @returns the codes of an assessment, with the highest risk that the answers of each factor show
 * @throws BreachError when `low` is concluded against a factor whose answers show a high risk that nothing mitigates
 */
export function assess(input: AssessmentInput, by: string, at: Date): AssessmentCodes {
  const risk = (name: FactorName): Risk => {
    const questions = questionsOf(name);
    const risks = Object.entries(input[name].answers).map(([question, answer]) => questions[question]?.answers[answer]);
    return order.findLast((level) => risks.includes(level)) ?? 'high';
  };
  const risks = {
    nature: risk('nature'),
    person: risk('person'),
    acquired: risk('acquired'),
    mitigation: risk('mitigation'),
  };
  // The burden of proof is the entity's: 45 CFR 164.414(b). What is viewed by a stranger and not mitigated is no low probability.
  if (input.probability === 'low' && risks.acquired === 'high' && risks.mitigation !== 'low')
    throw new BreachError(
      'assessment-incomplete',
      'probability',
      'cannot be low while acquisition is likely and not mitigated',
    );
  return {
    answers: Object.fromEntries(
      factorNames.flatMap((name) =>
        Object.entries(input[name].answers).map(([question, answer]) => [`${name}.${question}`, String(answer)]),
      ),
    ),
    risks,
    probability: input.probability,
    by,
    at: at.toISOString(),
  };
}

/** @returns the reasons of an assessment as they are sealed. @param safeHarbour the reason of that evidence, where there is any */
export function assessmentWords(input: AssessmentInput, safeHarbour: string | undefined): string {
  const reasons = Object.fromEntries(factorNames.map((name) => [name, input[name].reason]));
  return JSON.stringify({ ...reasons, conclusion: input.conclusion, safe_harbour: safeHarbour });
}

/**
 * Evidence that what got out was encrypted and the key was not: 74 FR 19006. It holds for stolen media and stores that were
 * copied. What was read through Ward's own API was plaintext, so `through_api` rules it out.
 */
export const safeHarbourInput = z.strictObject({
  encrypted: z.boolean(),
  /** such as `wrapped-patient-keys`, `bucket-key`, `device` */
  mechanism: z.enum(['patient-keys', 'table-key', 'bucket-key', 'device-encryption', 'transport']),
  key_safe: z.boolean(),
  /** how that is known */
  key_evidence: z.enum(['key-service-log', 'key-never-present', 'key-destroyed-before', 'none']),
  through_api: z.boolean(),
  reason,
});
export type SafeHarbourInput = z.infer<typeof safeHarbourInput>;

export const isSecured = (evidence: Omit<SafeHarbourInput, 'reason'>): boolean =>
  evidence.encrypted && evidence.key_safe && evidence.key_evidence !== 'none' && !evidence.through_api;

/** @returns what an incident keeps readable of that evidence: codes; its reason is sealed */
export const safeHarbourFacts = ({ reason: _, ...facts }: SafeHarbourInput): Omit<SafeHarbourInput, 'reason'> => facts;
