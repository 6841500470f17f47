import {
  decodeSegment,
  encodeEntry,
  encodeSegmentHeader,
  type LogFinding,
  type LoggedWrite,
} from '../../src/backend/lmdb/log-entry.ts'

describe('a segment of the log', () => {
  const put: LoggedWrite = { table: 'items', key: Buffer.from('key'), record: Buffer.from('record') }
  const removal: LoggedWrite = { table: 'sent', key: Buffer.from('k'), record: undefined }
  const segment = (...entries: Buffer[]): Buffer => Buffer.concat([encodeSegmentHeader(), ...entries])
  const read = (bytes: Buffer): LogFinding[] => [...decodeSegment(bytes)]

  test('looks like this, in version 1', () => {
    const bytes = segment(encodeEntry([put, removal]))
    expect(bytes.toString('latin1')).toBe(
      'dms log1' +
        '\0\0\0\x16\xf7\x4a\xe6\x33' + // length of the body, CRC-32
        '\x02\x03\0\0\0\x06keyrecord' + // table, length of the key, length of the record
        '\x03\x01\xff\xff\xff\xffk', // no record: removed
    )
  })

  test('gives back what was written, entry by entry', () => {
    const empty = { ...put, record: Buffer.alloc(0) }
    expect(read(segment(encodeEntry([put, removal]), encodeEntry([empty])))).toEqual([
      { writes: [put, removal] },
      { writes: [empty] },
    ])
  })

  test('ends where the power went, at whatever byte, without a complaint', () => {
    const first = encodeEntry([put])
    const whole = segment(first, encodeEntry([removal]))
    for (let end = encodeSegmentHeader().length + first.length; end < whole.length; end++) {
      expect(read(whole.subarray(0, end))).toEqual([{ writes: [put] }])
    }
    for (let end = 0; end < encodeSegmentHeader().length; end++)
      expect(read(whole.subarray(0, end))).toEqual([])
  })

  test('ends at an entry of which some sectors never reached the disk', () => {
    const torn = encodeEntry([put])
    torn.fill(0, 12)
    expect(read(segment(encodeEntry([removal]), torn))).toEqual([{ writes: [removal] }])
    expect(read(segment(encodeEntry([removal]), Buffer.alloc(512)))).toEqual([{ writes: [removal] }])
  })

  test('names an entry that is damaged when good ones follow, and gives those', () => {
    const damaged = encodeEntry([put])
    damaged[damaged.length - 1] = 0
    expect(read(segment(damaged, encodeEntry([removal])))).toEqual([
      { at: 8, problem: 'an entry is damaged' },
      { writes: [removal] },
    ])
  })

  test('whose entry has a damaged length is read on behind it, whatever bit was flipped', () => {
    const entry = encodeEntry([put])
    for (let bit = 0; bit < 64; bit++) {
      const damaged = Buffer.from(entry)
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(read(segment(encodeEntry([removal]), damaged, entry, entry))).toEqual([
        { writes: [removal] },
        { at: 8 + encodeEntry([removal]).length, problem: 'an entry is damaged' },
        { writes: [put] },
        { writes: [put] },
      ])
    }
  })

  test('of a version that is not known is named, not guessed', () => {
    expect(read(Buffer.from('dms log2 and more'))).toEqual([
      { at: 0, problem: 'this is not a segment of a log that this version knows' },
    ])
  })
})
