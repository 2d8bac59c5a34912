import { createHash, createPublicKey, verify } from 'node:crypto';

/*
 * A reader of signed notes written from the text of c2sp.org/signed-note alone, byte by byte. It shares no code with
 * lambda/audit: what it accepts, other people's verifiers and witnesses accept.
 */
const LINE_FEED = 0x0a;
const EM_DASH = Buffer.from([0xe2, 0x80, 0x94]);

/**
 * @returns the note's text, when the key signed it
 * @throws Error where the text says MUST
 */
export function openNote(note: Buffer, key: { readonly name: string; readonly publicKey: Buffer }): string {
  // "Signed notes MUST be valid UTF-8 and MUST NOT contain any ASCII control characters other than newline."
  new TextDecoder('utf-8', { fatal: true }).decode(note);
  if (note.some((byte) => byte < 0x20 && byte !== LINE_FEED)) throw new Error('a control character');
  // "the text is separated from the signatures by the last empty line in the note"
  let split = -1;
  for (let at = 1; at < note.length; at++) if (note[at] === LINE_FEED && note[at - 1] === LINE_FEED) split = at;
  if (split < 0) throw new Error('no empty line');
  const text = note.subarray(0, split); // "includes the final newline but not the separating blank line"
  const keyId = createHash('sha256')
    .update(Buffer.concat([Buffer.from(key.name), Buffer.from([LINE_FEED, 0x01]), key.publicKey]))
    .digest()
    .readUInt32BE(0);
  let verified = false;
  let rest = note.subarray(split + 1);
  if (rest.length === 0) throw new Error('no signature line');
  while (rest.length > 0) {
    const end = rest.indexOf(LINE_FEED);
    if (end < 0) throw new Error('a signature line without an end');
    const line = rest.subarray(0, end);
    rest = rest.subarray(end + 1);
    if (!line.subarray(0, 3).equals(EM_DASH) || line[3] !== 0x20) throw new Error('no em dash and space');
    const space = line.indexOf(0x20, 4);
    if (space < 5) throw new Error('no key name');
    const name = line.subarray(4, space).toString();
    if (/[\s+]/u.test(name)) throw new Error('a key name with space or plus');
    const encoded = line.subarray(space + 1).toString('latin1');
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)) throw new Error('no base64');
    const signature = Buffer.from(encoded, 'base64');
    if (signature.toString('base64') !== encoded) throw new Error('base64 in another spelling');
    if (signature.length < 5) throw new Error('a signature without bytes');
    // "Verifiers MUST ignore signatures from unknown keys, even if they share a name or ID (but not both) with a known key."
    if (name !== key.name || signature.readUInt32BE(0) !== keyId) continue;
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.publicKey.toString('base64url') };
    if (!verify(null, text, createPublicKey({ key: jwk, format: 'jwk' }), signature.subarray(4)))
      throw new Error('a false signature of a known key');
    verified = true;
  }
  if (!verified) throw new Error('no signature of the known key');
  return text.toString('utf8');
}
