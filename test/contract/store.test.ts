import { toByteString } from '../../src/domain/byte-string.ts'
import { Fault } from '../../src/domain/fault.ts'
import { createBackendBed } from '../support/backend-bed.ts'
import { BACKENDS, FORGETFUL_LMDB } from '../support/backends.ts'
import { confirmAll, envelope, inWords, mailbox, NONE, read, register, send, user } from '../support/words.ts'

/** What every store must do, whatever it keeps its mailboxes in (src/domain/store.ts). */
describe.each([...BACKENDS, FORGETFUL_LMDB])('a store: $name', (kind) => {
  const { open, verona } = createBackendBed(kind)

  describe('accounts', () => {
    test('a new account is known by its name and its verifier', async () => {
      const { store } = await open()
      await store.createAccount(user('romeo'), toByteString('SCRAM-SHA-256$4096:salt$a:b'))
      expect(await store.account(user('romeo'))).toMatchObject({
        name: 'romeo',
        verifier: 'SCRAM-SHA-256$4096:salt$a:b',
      })
      expect(await store.account(user('juliet'))).toBeUndefined()
    })

    test('a name that is taken is refused with user-exists', async () => {
      const store = await verona()
      await expect(store.createAccount(user('romeo'), NONE)).rejects.toMatchObject({ code: 'user-exists' })
    })

    test('of two who register a name at the same time one gets it', async () => {
      const { store } = await open()
      const outcomes = await Promise.allSettled([
        store.createAccount(user('romeo'), NONE),
        store.createAccount(user('romeo'), toByteString('v')),
      ])
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
      expect((await store.account(user('romeo')))?.verifier).toBe('')
    })

    test('a credential can be set and replaced', async () => {
      const store = await verona()
      await store.setVerifier(user('romeo'), toByteString('first'))
      await store.setVerifier(user('romeo'), toByteString('second'))
      expect((await store.account(user('romeo')))?.verifier).toBe('second')
    })

    test('what is no user cannot be removed, given a credential, sent to, read or confirmed', async () => {
      const store = await verona()
      const nobody = user('nobody')
      await expect(store.removeAccount(nobody)).rejects.toMatchObject({ code: 'no-such-user' })
      await expect(store.setVerifier(nobody, NONE)).rejects.toMatchObject({ code: 'no-such-user' })
      await expect(send(store, 'romeo', 'nobody', 'x')).rejects.toMatchObject({ code: 'no-such-user' })
      await expect(send(store, 'nobody', 'romeo', 'x')).rejects.toMatchObject({ code: 'no-such-user' })
      expect(await mailbox(store, 'nobody')).toEqual([])
      expect(await store.waiting(nobody)).toBe(0)
      expect(await store.confirm(nobody, 10)).toEqual([])
      store.release(nobody)
    })

    test.each(['', 'x'.repeat(65), 'x'.repeat(2000), 'x'.repeat(65_536)])(
      'a recipient whose name no account can have (%#) is no such user',
      async (name) => {
        const store = await verona()
        const outcomes = await store.append([envelope('romeo', name, 'x'), envelope('romeo', 'juliet', 'y')])
        expect(outcomes).toEqual([expect.objectContaining({ code: 'no-such-user' }), 0])
        expect(await store.account(toByteString(name))).toBeUndefined()
        expect(await store.accounts(toByteString(name), name === '' ? 0 : 10)).toEqual([])
      },
    )

    test('accounts are listed by the start of their names, in byte order, up to a limit', async () => {
      const { store } = await open()
      await register(store, 'b', 'é', 'ab', 'a', 'aé', 'z', 'abc')
      const names = async (prefix: string, limit: number, after = ''): Promise<string[]> =>
        (await store.accounts(toByteString(prefix), limit, toByteString(after))).map(({ name }) => name)
      const inOrder = ['a', 'ab', 'abc', 'aé', 'b', 'z', 'é'].map(toByteString)
      expect(await names('', 100)).toEqual(inOrder)
      expect(await names('', 3)).toEqual(inOrder.slice(0, 3))
      expect(await names('a', 100)).toEqual(inOrder.slice(0, 4))
      expect(await names('ab', 1)).toEqual(['ab'])
      expect(await names('nobody', 100)).toEqual([])
      expect(await names('', 2, 'aé')).toEqual(inOrder.slice(4, 6))
      expect(await names('a', 100, 'aa')).toEqual(inOrder.slice(1, 4))
      expect(await names('', 100, 'é')).toEqual([])
    })

    test('a listing knows what was registered and removed in the same moment', async () => {
      const { store } = await open()
      await register(store, 'a', 'b', 'c')
      const removing = store.removeAccount(user('b'))
      const creating = store.createAccount(user('bb'), NONE)
      expect((await store.accounts(NONE, 10)).map(({ name }) => name)).toEqual(['a', 'bb', 'c'])
      await Promise.all([removing, creating])
      expect((await store.accounts(NONE, 10)).map(({ name }) => name)).toEqual(['a', 'bb', 'c'])
    })
  })

  describe('messages', () => {
    test('a message waits in the mailbox of its recipient, as it was sent', async () => {
      const store = await verona()
      await store.append([envelope('romeo', 'juliet', 'déjà  vu\n\ttwice', 'ref-1')])
      expect(await mailbox(store, 'juliet')).toMatchObject([
        {
          kind: 'message',
          seq: 1,
          id: 0,
          sender: 'romeo',
          ref: 'ref-1',
          text: toByteString('déjà  vu\n\ttwice'),
          acceptedAt: 1_700_000_000_000,
        },
      ])
      expect(await mailbox(store, 'romeo')).toEqual([])
    })

    test('an empty text is a text', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', '')
      expect(await inWords(store, 'juliet')).toEqual(['romeo: '])
    })

    test('ids count from 0 over the whole server; each mailbox has seqs of its own', async () => {
      const store = await verona()
      expect(await send(store, 'romeo', 'juliet', 'a')).toBe(0)
      expect(await send(store, 'romeo', 'nurse', 'b')).toBe(1)
      expect(await send(store, 'nurse', 'juliet', 'c')).toBe(2)
      expect((await mailbox(store, 'juliet')).map(({ seq }) => seq)).toEqual([1, 2])
      expect((await mailbox(store, 'nurse')).map(({ seq }) => seq)).toEqual([1])
    })

    test('the outcomes of a batch stand where their envelopes stood', async () => {
      const store = await verona({ items: 2, bytes: 1000 })
      const outcomes = await store.append([
        envelope('romeo', 'juliet', 'a'),
        envelope('romeo', 'nobody', 'b'),
        envelope('romeo', 'juliet', 'c'),
        envelope('romeo', 'juliet', 'd'),
        envelope('romeo', 'nurse', 'e'),
      ])
      expect(outcomes.map((outcome) => (outcome instanceof Fault ? outcome.code : outcome))).toEqual([
        0,
        'no-such-user',
        1,
        'mailbox-full',
        2,
      ])
      expect(await inWords(store, 'juliet')).toEqual(['romeo: a', 'romeo: c'])
    })

    test('first in is first out, also when many batches come at the same time', async () => {
      const store = await verona()
      const sent = Array.from({ length: 200 }, (_, i) => String(i))
      await Promise.all(sent.map((text) => send(store, 'romeo', 'juliet', text)))
      const items = await mailbox(store, 'juliet')
      expect(items.map((item) => item.kind === 'message' && item.text)).toEqual(sent)
      expect(items.map(({ seq }) => seq)).toEqual(sent.map((_, i) => i + 1))
    })

    test('one can write to oneself, and gets the receipt behind it', async () => {
      const store = await verona()
      await send(store, 'romeo', 'romeo', 'note')
      expect(await confirmAll(store, 'romeo')).toEqual(['romeo'])
      expect(await inWords(store, 'romeo')).toEqual(['receipt 0 by romeo'])
      await confirmAll(store, 'romeo')
      expect(await store.waiting(user('romeo'))).toBe(0)
    })

    test('a reader that is behind while others go on writing is shown every item, in order', async () => {
      const store = await verona()
      const seen: string[] = []
      let after = 0
      for (let round = 0; round < 40; round++) {
        for (const part of ['a', 'b', 'c']) await send(store, 'romeo', 'juliet', `${round}${part}`)
        // Fewer than came: it falls behind, and catches up at the end.
        for (const item of await read(store, 'juliet', after, round < 39 ? 2 : 1000)) {
          after = item.seq
          if (item.kind === 'message') seen.push(item.text)
        }
      }
      const sent = Array.from({ length: 40 }, (_, round) => ['a', 'b', 'c'].map((part) => `${round}${part}`))
      expect(seen).toEqual(sent.flat())
    })

    test('a name that is registered again goes on above every seq that it had', async () => {
      const store = await verona()
      for (const text of ['a', 'b', 'c']) await send(store, 'romeo', 'juliet', text)
      const last = (await read(store, 'juliet', 0, 10)).at(-1)?.seq ?? 0
      await store.removeAccount(user('juliet'))
      await register(store, 'juliet')
      await send(store, 'romeo', 'juliet', 'anew')
      const [first] = await read(store, 'juliet', 0, 10)
      expect(first).toMatchObject({ text: 'anew' })
      expect(first?.seq).toBeGreaterThan(last)
    })

    test('a reader goes on behind the last item it has, at most so many at a time', async () => {
      const store = await verona()
      for (const text of ['a', 'b', 'c', 'd', 'e']) await send(store, 'romeo', 'juliet', text)
      const seqs = async (after: number, limit: number): Promise<number[]> =>
        (await read(store, 'juliet', after, limit)).map(({ seq }) => seq)
      expect(await seqs(0, 2)).toEqual([1, 2])
      expect(await seqs(2, 2)).toEqual([3, 4])
      expect(await seqs(4, 2)).toEqual([5])
      expect(await seqs(5, 2)).toEqual([])
      expect(await seqs(99, 2)).toEqual([])
      expect(await seqs(0, 2)).toEqual([1, 2])
      await send(store, 'romeo', 'juliet', 'f')
      expect(await seqs(5, 2)).toEqual([6])
    })

    test('a reader is shown nothing that is not acknowledged yet', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', 'a')
      let acknowledged = false
      const sending = send(store, 'romeo', 'juliet', 'b').then(() => {
        acknowledged = true
      })
      const seen = (await mailbox(store, 'juliet')).length
      expect(seen === 1 || acknowledged).toBe(true)
      await sending
      expect(await mailbox(store, 'juliet')).toHaveLength(2)
    })

    test('a mailbox that nobody reads any more still has everything', async () => {
      const store = await verona()
      await send(store, 'romeo', 'juliet', 'a')
      await mailbox(store, 'juliet')
      store.release(user('juliet'))
      const sending = send(store, 'romeo', 'juliet', 'b')
      store.release(user('juliet'))
      await sending
      store.release(user('juliet'))
      expect(await inWords(store, 'juliet')).toEqual(['romeo: a', 'romeo: b'])
      expect(await store.waiting(user('juliet'))).toBe(2)
    })
  })

  describe('limits', () => {
    test('a mailbox takes so many items, and again as many when they are gone', async () => {
      const store = await verona({ items: 2, bytes: 1000 })
      for (let round = 0; round < 3; round++) {
        await send(store, 'romeo', 'juliet', 'a')
        await send(store, 'romeo', 'juliet', 'b')
        await expect(send(store, 'romeo', 'juliet', 'c')).rejects.toMatchObject({ code: 'mailbox-full' })
        await confirmAll(store, 'juliet')
        await confirmAll(store, 'romeo')
      }
    })

    test('a mailbox takes so many bytes of text, and again as many when they are gone', async () => {
      const store = await verona({ items: 100, bytes: 10 })
      for (let round = 0; round < 3; round++) {
        await send(store, 'romeo', 'juliet', 'éé')
        await expect(send(store, 'romeo', 'juliet', '1234567')).rejects.toMatchObject({
          code: 'mailbox-full',
        })
        await send(store, 'romeo', 'juliet', '123456')
        await expect(send(store, 'romeo', 'juliet', '1')).rejects.toMatchObject({ code: 'mailbox-full' })
        await confirmAll(store, 'juliet')
        await confirmAll(store, 'romeo')
      }
    })

    test('receipts fit into a mailbox that is full', async () => {
      const store = await verona({ items: 2, bytes: 2 })
      await send(store, 'romeo', 'juliet', 'a')
      await send(store, 'romeo', 'juliet', 'b')
      await send(store, 'nurse', 'romeo', 'c')
      await send(store, 'nurse', 'romeo', 'd')
      await confirmAll(store, 'juliet')
      expect(await inWords(store, 'romeo')).toEqual([
        'nurse: c',
        'nurse: d',
        'receipt 0 by juliet',
        'receipt 1 by juliet',
      ])
      expect(await store.waiting(user('romeo'))).toBe(4)
    })

    test('what was refused takes no id and leaves no trace', async () => {
      const store = await verona({ items: 1, bytes: 1000 })
      await send(store, 'romeo', 'juliet', 'a', 'r1')
      await expect(send(store, 'romeo', 'juliet', 'b', 'r2')).rejects.toMatchObject({ code: 'mailbox-full' })
      await confirmAll(store, 'juliet')
      expect(await send(store, 'romeo', 'juliet', 'b', 'r2')).toBe(1)
      expect(await inWords(store, 'juliet')).toEqual(['romeo: b'])
    })
  })
})
