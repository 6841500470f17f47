import {
  decodeSegment,
  encodeEntry,
  encodeSegmentHeader,
  type LogFinding,
  type LoggedWrite,
} from '../../src/backend/lmdb/log-entry.ts'

/** The number of the segments that these tests read. */
const NUMBER = 7

describe('a segment of the log', () => {
  const put: LoggedWrite = { table: 'items', key: Buffer.from('key'), record: Buffer.from('record') }
  const removal: LoggedWrite = { table: 'sent', key: Buffer.from('k'), record: undefined }
  const entry = (writes: readonly LoggedWrite[], number = NUMBER): Buffer => encodeEntry(writes, number)
  const segment = (...entries: Buffer[]): Buffer => Buffer.concat([encodeSegmentHeader(), ...entries])
  const read = (bytes: Buffer): LogFinding[] => [...decodeSegment(bytes, NUMBER)]
  /** The writes of each entry that is read, and the places of damage. */
  const found = (bytes: Buffer): (readonly LoggedWrite[] | number)[] =>
    read(bytes).map((finding) => ('writes' in finding ? finding.writes : finding.at))

  test('looks like this, in version 2', () => {
    const bytes = segment(entry([put, removal]))
    expect(bytes.toString('latin1')).toBe(
      'dms log2' +
        '\0\0\0\x16\x20\x8e\xfc\xbe' + // length of the body, CRC-32
        '\0\0\0\x07' + // number of the segment
        '\x02\x03\0\0\0\x06keyrecord' + // table, length of the key, length of the record
        '\x03\x01\xff\xff\xff\xffk', // no record: removed
    )
  })

  test('of version 1, whose entries had no number, is read', () => {
    const bytes = Buffer.from(
      'dms log1' +
        '\0\0\0\x16\xf7\x4a\xe6\x33' + // length of the body, CRC-32
        '\x02\x03\0\0\0\x06keyrecord' +
        '\x03\x01\xff\xff\xff\xffk',
      'latin1',
    )
    expect(read(bytes)).toEqual([{ writes: [put, removal], end: bytes.length }])
    expect(read(Buffer.concat([bytes, Buffer.alloc(100)]))).toEqual([
      { writes: [put, removal], end: bytes.length },
    ])
  })

  test('gives back what was written, entry by entry', () => {
    const empty = { ...put, record: Buffer.alloc(0) }
    const bytes = segment(entry([put, removal]), entry([empty]))
    expect(read(bytes)).toEqual([
      { writes: [put, removal], end: bytes.length - entry([empty]).length },
      { writes: [empty], end: bytes.length },
    ])
  })

  test('ends where the power went, at whatever byte, without a complaint', () => {
    const first = entry([put])
    const whole = segment(first, entry([removal]))
    for (let end = encodeSegmentHeader().length + first.length; end < whole.length; end++) {
      expect(found(whole.subarray(0, end))).toEqual([[put]])
    }
    for (let end = 0; end < encodeSegmentHeader().length; end++)
      expect(read(whole.subarray(0, end))).toEqual([])
  })

  test('ends at an entry of which some sectors never reached the disk', () => {
    const torn = entry([put])
    torn.fill(0, 16)
    expect(found(segment(entry([removal]), torn))).toEqual([[removal]])
    expect(found(segment(entry([removal]), Buffer.alloc(512)))).toEqual([[removal]])
  })

  test('names an entry that is damaged when good ones follow, and gives those', () => {
    const damaged = entry([put])
    damaged[damaged.length - 1] = 0
    expect(read(segment(damaged, entry([removal])))).toEqual([
      { at: 8, problem: 'an entry is damaged' },
      { writes: [removal], end: 8 + damaged.length + entry([removal]).length },
    ])
  })

  test('whose entry has a damaged beginning is read on behind it, whatever bit was flipped', () => {
    const good = entry([put])
    for (let bit = 0; bit < 96; bit++) {
      const damaged = Buffer.from(good)
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(found(segment(entry([removal]), damaged, good, good))).toEqual([
        [removal],
        8 + entry([removal]).length,
        [put],
        [put],
      ])
    }
  })

  test('of a version that is not known is named, not guessed', () => {
    expect(read(Buffer.from('dms log3 and more'))).toEqual([
      { at: 0, problem: 'this is not a segment of a log that this version knows' },
    ])
  })

  describe('written over an earlier one', () => {
    const earlier = segment(...Array.from({ length: 20 }, () => entry([removal, put, put], NUMBER - 2)))
    /** The new segment, with what is left of the earlier one behind it. */
    const over = (...entries: Buffer[]): Buffer => {
      const bytes = segment(...entries)
      return Buffer.concat([bytes, earlier.subarray(bytes.length)])
    }

    test('is empty while nothing has been written', () => {
      expect(read(earlier)).toEqual([])
    })

    test('ends before what is left of that, wherever in an entry of that this is', () => {
      for (let length = 0; length < 60; length++) {
        const record = Buffer.alloc(length, 'x')
        expect(found(over(entry([put]), entry([{ ...put, record }])))).toEqual([[put], [{ ...put, record }]])
      }
    })

    test('ends at an entry of which only a part replaced what was there, without a complaint', () => {
      const whole = over(entry([removal]), entry([put, put]))
      const from = segment(entry([removal])).length
      for (let at = from; at < from + entry([put, put]).length; at++) {
        // All but this byte has reached the disk, or nothing before it, or nothing behind it.
        for (const [start, end] of [
          [at, at + 1],
          [from, at + 1],
          [at, whole.length],
        ] as const) {
          const torn = Buffer.concat([
            whole.subarray(0, start),
            earlier.subarray(start, end),
            whole.subarray(end),
          ])
          expect(found(torn)).toEqual(torn.equals(whole) ? [[removal], [put, put]] : [[removal]])
        }
      }
    })

    test('names its own entry that is damaged when good ones of its own follow', () => {
      const bytes = over(entry([put]), entry([removal]), entry([put]))
      bytes[20] = (bytes[20] as number) ^ 1
      expect(found(bytes)).toEqual([8, [removal], [put]])
    })

    test('gives nothing to who reads it under the name of the earlier one', () => {
      expect([...decodeSegment(over(entry([put])), NUMBER - 2)]).toEqual([])
    })
  })
})
