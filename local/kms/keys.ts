import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../durable';
import { ServiceError } from '../service';
import { generateMaterial } from './material';
import { isKeySpec, KEY_SPECS, type KeySpec, type KeyUsage } from './specs';

const DAY_MS = 86_400_000;
const DEFAULT_ROTATION_DAYS = 365;
/** AWS KMS allows this many rotations on demand in the life of a key. */
const ROTATIONS_ON_DEMAND = 25;

const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

/** What the emulator takes from a resolved `AWS::KMS::Key`; key policies are the business of the policy evaluator. */
const propertiesSchema = z.object({
  KeySpec: z.string().default('SYMMETRIC_DEFAULT').refine(isKeySpec, 'this KeySpec is not emulated'),
  KeyUsage: z.string().optional(),
  Description: z.string().default(''),
  Enabled: flag.default(true),
  EnableKeyRotation: flag.default(false),
  RotationPeriodInDays: z.coerce.number().int().min(90).max(2560).default(DEFAULT_ROTATION_DAYS),
  MultiRegion: flag.default(false),
  Origin: z.literal('AWS_KMS').default('AWS_KMS'),
});

const keySchema = z.object({
  id: z.string(),
  spec: z.string().refine(isKeySpec),
  description: z.string(),
  multiRegion: z.boolean(),
  createdAt: z.number(),
  state: z.enum(['Enabled', 'Disabled', 'PendingDeletion', 'Deleted']),
  /** what the template last said, so that a start does not enable a key that somebody disabled */
  declaredEnabled: z.boolean(),
  deletionAt: z.number().optional(),
  rotation: z.object({ since: z.number(), periodDays: z.number() }).optional(),
  rotationsOnDemand: z.number(),
  /** base64, oldest first; a ciphertext names its index */
  material: z.array(z.string()),
});

export type Key = Readonly<z.infer<typeof keySchema>>;

/** The keys and aliases of one account and Region, each key in a file of its own. Times are epoch milliseconds. */
export class Keys {
  readonly #keys = new Map<string, Key>();
  readonly #aliases: Map<string, string>;
  readonly #aliasFile: string;

  constructor(
    private readonly directory: string,
    private readonly region: string,
    private readonly account: string,
    private readonly clock: () => number,
  ) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory).filter((file) => file.endsWith('.key.json'))) {
      const key = keySchema.parse(JSON.parse(readFileSync(join(directory, name), 'utf8')));
      this.#keys.set(key.id, key);
    }
    this.#aliasFile = join(directory, 'aliases.json');
    const aliases: unknown = existsSync(this.#aliasFile) ? JSON.parse(readFileSync(this.#aliasFile, 'utf8')) : {};
    this.#aliases = new Map(Object.entries(z.record(z.string(), z.string()).parse(aliases)));
  }

  /**
   * Makes the key that a template declares, or adapts the one that is there. Material is made once.
   *
   * @throws Error when what cannot change in AWS (spec, multi-Region) differs from the stored key
   */
  ensure(id: string, properties: unknown): void {
    if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,127}$/.test(id)) throw new Error('a KMS key id is letters, digits and hyphens');
    const declared = propertiesSchema.parse(properties);
    const { KeySpec: spec, MultiRegion: multiRegion, Enabled: enabled } = declared;
    if ((declared.KeyUsage ?? KEY_SPECS[spec].usage) !== KEY_SPECS[spec].usage)
      throw new Error(`KMS key ${id}: this KeyUsage of ${spec} is not emulated`);
    if (declared.EnableKeyRotation && spec !== 'SYMMETRIC_DEFAULT')
      throw new Error(`KMS key ${id}: only symmetric keys rotate`);
    const stored = this.#keys.get(id);
    if (stored && (stored.spec !== spec || stored.multiRegion !== multiRegion))
      throw new Error(`KMS key ${id}: KeySpec and MultiRegion cannot change`);
    if (stored?.state === 'Deleted') return; // coming back with new material would hide that the old data is gone
    const base: Key = stored ?? {
      id,
      spec,
      description: declared.Description,
      multiRegion,
      createdAt: this.clock(),
      state: enabled ? 'Enabled' : 'Disabled',
      declaredEnabled: enabled,
      rotationsOnDemand: 0,
      material: [generateMaterial(spec).toString('base64')],
    };
    const switched = base.declaredEnabled !== enabled && base.state !== 'PendingDeletion';
    const rotation = { since: base.rotation?.since ?? this.clock(), periodDays: declared.RotationPeriodInDays };
    this.save({
      ...base,
      description: declared.Description,
      state: switched ? (enabled ? 'Enabled' : 'Disabled') : base.state,
      declaredEnabled: enabled,
      rotation: declared.EnableKeyRotation ? rotation : undefined,
    });
  }

  /**
   * A replica has the material of its primary, which is in another Region and so on no laptop but where a test put its file.
   * @throws Error when it is not there
   */
  ensureReplica(id: string): void {
    if (this.#keys.get(id)?.multiRegion) return;
    throw new Error(`KMS key ${id} is a replica, and the laptop does not have the material of its primary`);
  }

  ensureAlias(name: string, targetKeyId: string): void {
    if (!/^alias\/[A-Za-z0-9/_-]{1,250}$/.test(name) || name.startsWith('alias/aws/'))
      throw new Error('a KMS alias begins with alias/, and not with alias/aws/');
    const { key } = this.find(targetKeyId);
    const changed = new Map(this.#aliases).set(name, key.id);
    writeDurably(this.#aliasFile, JSON.stringify(Object.fromEntries(changed)));
    this.#aliases.set(name, key.id);
  }

  /**
   * @param reference a key id, key ARN, alias name or alias ARN
   * @returns the key in whatever state it is, and the alias if it was asked for by one
   * @throws ServiceError NotFoundException
   */
  find(reference: string): { readonly key: Key; readonly alias?: string } {
    const prefix = `arn:aws:kms:${this.region}:${this.account}:`;
    const name = reference.startsWith(prefix) ? reference.slice(prefix.length) : reference;
    const alias = name.startsWith('alias/') ? name : undefined;
    const id = alias ? this.#aliases.get(alias) : name === reference ? name : name.replace(/^key\//, '');
    const key = id === undefined ? undefined : this.get(id);
    if (!key) throw new ServiceError('NotFoundException', 'the key does not exist');
    return alias ? { key, alias } : { key };
  }

  /** @returns undefined when there is no such key, or its waiting period is over */
  get(id: string): Key | undefined {
    const key = this.#keys.get(id);
    if (!key || key.state === 'Deleted') return undefined;
    if (key.state !== 'PendingDeletion' || (key.deletionAt ?? 0) > this.clock()) return key;
    this.save({ ...key, state: 'Deleted', material: [] });
    return undefined;
  }

  list(): readonly Key[] {
    return [...this.#keys.keys()].sort().flatMap((id) => this.get(id) ?? []);
  }

  aliasesOf(id: string): readonly string[] {
    return [...this.#aliases].filter(([, target]) => target === id).map(([name]) => name);
  }

  arn(key: Key): string {
    return `arn:aws:kms:${this.region}:${this.account}:key/${key.id}`;
  }

  /** On disk before it is in memory: what was not stored was not done. */
  save(key: Key): Key {
    writeDurably(join(this.directory, `${key.id}.key.json`), JSON.stringify(key));
    this.#keys.set(key.id, key);
    return key;
  }

  /** @returns the newest material and its version, rotated first when the key's own rotation is due */
  currentMaterial(key: Key): { readonly version: number; readonly material: Buffer } {
    const due = nextRotation(key);
    const current = due !== undefined && due <= this.clock() ? this.#rotate(key, { automatic: true }) : key;
    const version = current.material.length - 1;
    return { version, material: this.material(current, version) };
  }

  /** @throws ServiceError InvalidCiphertextException when there is no such version */
  material(key: Key, version: number): Buffer {
    const encoded = key.material[version];
    if (encoded === undefined) throw new ServiceError('InvalidCiphertextException', 'no such key material');
    return Buffer.from(encoded, 'base64');
  }

  /** @throws ServiceError LimitExceededException after 25 rotations on demand */
  rotateOnDemand(key: Key): Key {
    if (key.rotationsOnDemand >= ROTATIONS_ON_DEMAND)
      throw new ServiceError('LimitExceededException', 'the key has been rotated on demand as often as it may be');
    return this.#rotate(key, { automatic: false });
  }

  #rotate(key: Key, { automatic }: { automatic: boolean }): Key {
    return this.save({
      ...key,
      material: [...key.material, generateMaterial(key.spec).toString('base64')],
      rotationsOnDemand: key.rotationsOnDemand + (automatic ? 0 : 1),
      rotation: key.rotation && automatic ? { ...key.rotation, since: this.clock() } : key.rotation,
    });
  }
}

/** @returns when the key rotates by itself, in epoch milliseconds, or undefined when it does not */
export function nextRotation(key: Key): number | undefined {
  return key.rotation && key.rotation.since + key.rotation.periodDays * DAY_MS;
}

/**
 * @throws ServiceError DisabledException, KMSInvalidStateException, or InvalidKeyUsageException when the key is not for
 *   this use or not for this algorithm
 */
export function requireUsable(key: Key, usage: KeyUsage, algorithm?: string): void {
  requireEnabled(key);
  const spec: KeySpec = key.spec;
  const algorithms: readonly string[] = KEY_SPECS[spec].algorithms;
  if (KEY_SPECS[spec].usage !== usage || (algorithm !== undefined && !algorithms.includes(algorithm)))
    throw new ServiceError('InvalidKeyUsageException', 'the key is not for this use or algorithm');
}

/** @throws ServiceError KMSInvalidStateException while the key waits for its deletion */
export function requireNotPendingDeletion(key: Key): void {
  if (key.state === 'PendingDeletion')
    throw new ServiceError('KMSInvalidStateException', 'the key is pending deletion');
}

/** @throws ServiceError DisabledException or KMSInvalidStateException */
export function requireEnabled(key: Key): void {
  requireNotPendingDeletion(key);
  if (key.state !== 'Enabled') throw new ServiceError('DisabledException', 'the key is disabled');
}
