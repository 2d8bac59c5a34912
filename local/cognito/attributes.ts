import { z } from 'zod';
import { invalidParameter } from './errors';

/** What the pool's schema says of one attribute. */
export interface AttributeRule {
  readonly required: boolean;
  readonly mutable: boolean;
  readonly type: 'String' | 'Number' | 'DateTime' | 'Boolean';
  readonly minimum: number;
  readonly maximum: number;
}

export type Attributes = Readonly<Record<string, string>>;

/** OpenID Connect's standard claims, which every pool has. */
export const standardAttributes: readonly string[] = [
  ...[
    'address',
    'birthdate',
    'email',
    'email_verified',
    'family_name',
    'gender',
    'given_name',
    'locale',
    'middle_name',
  ],
  ...['name', 'nickname', 'phone_number', 'phone_number_verified', 'picture', 'preferred_username', 'profile', 'sub'],
  ...['updated_at', 'website', 'zoneinfo'],
];

export const attributeList = z.array(z.object({ Name: z.string().max(256), Value: z.string().max(2048).default('') }));

export const toList = (attributes: Attributes): { Name: string; Value: string }[] =>
  Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));

/**
 * Turns a list of attributes into a record, checked against the pool's schema.
 * @throws ServiceError InvalidParameterException for an attribute that the pool lacks, or a value that its rule forbids
 */
export function readAttributes(
  list: z.output<typeof attributeList>,
  rules: ReadonlyMap<string, AttributeRule>,
): Record<string, string> {
  return Object.fromEntries(
    list.map(({ Name, Value }) => {
      const rule = rules.get(Name);
      if (!rule || Name === 'sub') throw invalidParameter('Attributes did not conform to the schema');
      if (Value !== '' && !conforms(Name, Value, rule))
        throw invalidParameter(Name === 'email' ? 'Invalid email address format.' : `Invalid value for ${Name}.`);
      return [Name, Value];
    }),
  );
}

function conforms(name: string, value: string, { type, minimum, maximum }: AttributeRule): boolean {
  // One address alone: a comma or a line break would add recipients to the invitation.
  if (name === 'email') return /^[^\s@,;:<>()[\]"\\]{1,64}@[^\s@,;:<>()[\]"\\]+\.[^\s@,;:<>()[\]"\\]+$/.test(value);
  if (name === 'phone_number') return /^\+\d{1,15}$/.test(value);
  if (type === 'Boolean') return value === 'true' || value === 'false';
  if (type === 'Number') return /^-?\d+(\.\d+)?$/.test(value) && +value >= minimum && +value <= maximum;
  if (type === 'DateTime') return !Number.isNaN(Date.parse(value));
  return value.length >= minimum && value.length <= maximum;
}
