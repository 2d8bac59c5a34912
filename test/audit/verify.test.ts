import { ArchiveBuilder, codes, origin } from './archive';

let archive: ArchiveBuilder;
beforeEach(() => {
  archive = new ArchiveBuilder();
});
afterEach(() => archive.discard());

test('an archive as it is written passes, whole and at every step, 45 CFR 164.312(c)(1)', async () => {
  for (let minute = 0; minute < 5; minute++) {
    archive.minute([minute, minute + 1, minute + 2], 4);
    const result = await archive.verify();
    expect(result.findings).toEqual([]);
    expect(result).toMatchObject({
      ok: true,
      origin,
      epochs: minute + 1,
      segments: minute + 1,
      events: (minute + 1) * 12,
      lanes: minute + 3,
      checkpoint: { size: archive.size, root: archive.root.toString('hex') },
    });
  }
});
