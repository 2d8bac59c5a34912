import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { AuditError } from './audit-error';
import { type Checkpoint, formatNote, noteKeyId, type SigningKey, signedText, signingKey } from './note';

/** Signs checkpoints with keys that never leave KMS. */
export class CheckpointSigner {
  #keys: Promise<readonly KmsSigningKey[]> | undefined;

  /** @param arns of the keys, each the successor of the one before it */
  constructor(
    private readonly kms: KMSClient,
    private readonly arns: readonly string[],
  ) {}

  /** @returns the keys in their order; asked for once an instance, since a key's public half never changes */
  keys(): Promise<readonly KmsSigningKey[]> {
    this.#keys ??= Promise.all(this.arns.map((arn) => this.#publicKey(arn)));
    this.#keys.catch(() => {
      this.#keys = undefined;
    });
    return this.#keys;
  }

  /**
   * @returns the note of a checkpoint; Ed25519 is deterministic, so signing it again gives the same bytes
   * @throws AuditError `signing-key-unknown` when the stage has no key of that fingerprint
   */
  async sign(checkpoint: Checkpoint, fingerprint: string): Promise<string> {
    const key = (await this.keys()).find((each) => each.fingerprint === fingerprint);
    if (!key) throw new AuditError('signing-key-unknown');
    const text = signedText(checkpoint);
    const { Signature } = await this.kms.send(
      new SignCommand({
        KeyId: key.arn,
        Message: Buffer.from(text),
        MessageType: 'RAW',
        SigningAlgorithm: 'ED25519_SHA_512',
      }),
    );
    if (!Signature) throw new AuditError('signing-key-unknown');
    const { origin } = checkpoint;
    return formatNote(text, [{ name: origin, keyId: noteKeyId(origin, key), signature: Buffer.from(Signature) }]);
  }

  async #publicKey(arn: string): Promise<KmsSigningKey> {
    const { PublicKey } = await this.kms.send(new GetPublicKeyCommand({ KeyId: arn }));
    if (!PublicKey) throw new AuditError('signing-key-unknown');
    return { ...signingKey(PublicKey), arn };
  }
}

export interface KmsSigningKey extends SigningKey {
  readonly arn: string;
}
