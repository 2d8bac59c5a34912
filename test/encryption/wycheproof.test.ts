import { createHmac } from 'node:crypto';
import { expand } from '../../lambda/encryption/data-key';
import { decryptField, encryptField } from '../../lambda/encryption/envelope-layers';
import aesGcm from '../vectors/wycheproof/aes-256-gcm.json';
import hkdf from '../vectors/wycheproof/hkdf-sha512.json';

const bytes = (hex: string) => Buffer.from(hex, 'hex');

describe('the primitives of WE1', () => {
  it.each(aesGcm.tests)('AES-256-GCM agrees with Wycheproof case $tcId, which is $result', (vector) => {
    const [key, nonce, bound, blob] = [
      bytes(vector.key),
      bytes(vector.iv),
      bytes(vector.aad),
      bytes(vector.ct + vector.tag),
    ];
    const sealed = Buffer.alloc(blob.length);
    encryptField(key, nonce, bound, bytes(vector.msg), sealed, 0);
    if (vector.result === 'valid') {
      expect(sealed).toEqual(blob);
      expect(decryptField(key, nonce, bound, blob)).toEqual(bytes(vector.msg));
    } else {
      expect(sealed).not.toEqual(blob);
      expect(() => decryptField(key, nonce, bound, blob)).toThrow(expect.objectContaining({ code: 'field' }));
    }
  });

  it.each(hkdf.tests)('HKDF-Expand with SHA-512 agrees with Wycheproof case $tcId of $size bytes', (vector) => {
    const extracted = createHmac('sha512', vector.salt ? bytes(vector.salt) : Buffer.alloc(64))
      .update(bytes(vector.ikm))
      .digest();
    expect(expand(extracted, bytes(vector.info), vector.size).toString('hex')).toBe(vector.okm);
  });

  it('HKDF-Expand refuses more than 255 blocks, as RFC 5869 says', () => {
    expect(expand(Buffer.alloc(32), Buffer.alloc(0), 255 * 64)).toHaveLength(16_320);
    expect(() => expand(Buffer.alloc(32), Buffer.alloc(0), 255 * 64 + 1)).toThrow();
  });
});
