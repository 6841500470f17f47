import { Mailbox } from '../../src/backend/lmdb/mailbox.ts'
import type { StoredItem } from '../../src/backend/lmdb/record.ts'
import { SentRefs } from '../../src/backend/lmdb/sent-refs.ts'
import { toByteString } from '../../src/domain/byte-string.ts'
import { NONE, user } from '../support/words.ts'

describe('the refs of one account', () => {
  const a = toByteString('a')
  const b = toByteString('b')
  const c = toByteString('c')

  /** What goes to the disk. */
  function changesOf(sent: SentRefs) {
    return sent
      .takeChanges()
      .map(({ place, refs }) => ({ place, refs: refs.map(({ id, ref }) => ({ id, ref })) }))
  }

  test('are found until they are released, and go to the disk as one record for what one commit brought', () => {
    const refs = new SentRefs()
    refs.add(a, 1)
    refs.add(b, 4)
    expect([refs.find(a), refs.find(b), refs.find(c)]).toEqual([1, 4, undefined])
    expect(refs.dirty).toBe(true)
    expect(changesOf(refs)).toEqual([
      {
        place: 4,
        refs: [
          { id: 1, ref: a },
          { id: 4, ref: b },
        ],
      },
    ])
    expect([refs.dirty, changesOf(refs)]).toEqual([false, []])
  })

  test('that are released leave their record, and the last one takes it along', () => {
    const refs = new SentRefs()
    refs.load(4, [
      { id: 1, ref: a },
      { id: 4, ref: b },
    ])
    refs.release(a, 1)
    expect(changesOf(refs)).toEqual([{ place: 4, refs: [{ id: 4, ref: b }] }])
    refs.release(b, 4)
    expect(changesOf(refs)).toEqual([{ place: 4, refs: [] }])
    expect(refs.size).toBe(0)
  })

  test('are not released by another message, nor twice', () => {
    const refs = new SentRefs()
    refs.add(a, 1)
    refs.release(a, 0)
    expect(refs.find(a)).toBe(1)
    refs.release(a, 1)
    refs.add(a, 2)
    refs.release(a, 1)
    expect(refs.find(a)).toBe(2)
  })

  test('released before they were written are not written', () => {
    const refs = new SentRefs()
    refs.add(a, 1)
    refs.add(b, 2)
    refs.release(a, 1)
    expect(changesOf(refs)).toEqual([{ place: 2, refs: [{ id: 2, ref: b }] }])
  })
})

describe('a mailbox in memory', () => {
  const item = (seq: number, text = 'text'): StoredItem => ({
    kind: 'message',
    seq,
    id: seq,
    from: 1,
    sender: user('romeo'),
    ref: NONE,
    acceptedAt: 0,
    text: toByteString(text),
  })

  function empty(): Mailbox {
    return new Mailbox({ confirmed: 0, next: 1, count: 0, bytes: 0 })
  }

  function commit(mailbox: Mailbox, ...items: readonly StoredItem[]): void {
    for (const one of items) mailbox.append(one)
    mailbox.beginWriting()
    mailbox.commit()
  }

  test('counts what is appended at once, and shows it when it is on disk', () => {
    const mailbox = empty()
    mailbox.readFrom(0)
    mailbox.append(item(1))
    expect([mailbox.count, mailbox.bytes, mailbox.next, mailbox.committed]).toEqual([1, 4, 2, 0])
    expect(mailbox.beginWriting()).toHaveLength(1)
    mailbox.append(item(2))
    expect(mailbox.cached.length).toBe(0)
    mailbox.commit()
    expect([mailbox.committed, mailbox.cached.length, mailbox.idle]).toEqual([1, 1, false])
  })

  test('keeps nothing for a mailbox that nobody reads', () => {
    const mailbox = empty()
    commit(mailbox, item(1), item(2))
    expect(mailbox.cached.length).toBe(0)
    expect(mailbox.idle).toBe(true)
    mailbox.readFrom(0)
    expect([mailbox.cached.from, mailbox.cached.through]).toEqual([1, 0])
  })

  test('keeps about a megabyte for a reader that is behind, and leaves the rest on disk', () => {
    const mailbox = empty()
    mailbox.readFrom(0)
    for (let seq = 1; seq <= 100; seq++) commit(mailbox, item(seq, 'x'.repeat(50_000)))
    expect(mailbox.full).toBe(true)
    expect(mailbox.cached.length).toBeLessThan(25)
    expect(mailbox.committed).toBe(100)
  })

  test('has confirmed items at hand only if all of them are in memory', () => {
    const mailbox = empty()
    mailbox.readFrom(0)
    commit(mailbox, item(1), item(2), item(3))
    const items = mailbox.confirm(2)
    expect(items?.map(({ seq }) => seq)).toEqual([1, 2])
    mailbox.leave(items ?? [], 2)
    expect([mailbox.confirmed, mailbox.count, mailbox.bytes]).toEqual([2, 1, 4])
    mailbox.release()
    expect(mailbox.confirm(3)).toBeUndefined()
  })

  test('that is confirmed to its end is empty, whatever was damaged on the way', () => {
    const mailbox = new Mailbox({ confirmed: 0, next: 4, count: 3, bytes: 12 })
    mailbox.leave([item(1)], 3)
    expect([mailbox.count, mailbox.bytes]).toEqual([0, 0])
  })
})
