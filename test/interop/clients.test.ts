import { createHash } from 'node:crypto'
import { textPortType } from '../../src/port-types/text.ts'
import { envelope, openTextServer, type TextServer, VERSIONS } from '../soap/text-server.ts'
import { describeWith } from '../support/describe-with.ts'
import { PASSWORD } from '../support/messaging-calls.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { type Answer, ask, type Call, CLIENTS } from './clients.ts'
import { openEar } from './ear.ts'
import type { Peer } from './soap-peer.ts'
import { openStrictServer, STRICT_FILE_BYTES, type StrictServer, WRONG_INSIDE } from './strict-server.ts'

/** Strings that somebody on the way may not get right. The text service's `remove` leaves all of them as they are. */
const DIFFICULT: readonly (readonly [string, string])[] = [
  ['blanks at both ends', ' a '],
  ['a tab', '\ta\tb\t'],
  ['a line end', '\na\nb\n'],
  ['a carriage return', '\ra\rb\r'],
  ['a no-break space', '\u00a0a\u00a0b\u00a0'],
  ['NEL and the line separator', 'a\u0085b\u2028c'],
  ['letters of two and three bytes', 'é€'],
  ['a character outside the basic plane', '😀𝄞'],
  ['markup', '<a b="c">&\'</a>'],
  ['what looks like entities', '&amp;&lt;&#65;&nbsp;'],
  ['a CDATA section', '<![CDATA[x]]>'],
  ['a CDATA section in the middle', 'a<![CDATA[x]]>b'],
  ['the end of a CDATA section', ']]>'],
  ['a comment', '<!-- a -->'],
  ['the name of a prototype', '__proto__'],
  ['what looks like a number', '007'],
  ['what looks like JSON', '{"a":null}'],
  ['64 KiB', 'x'.repeat(65_536)],
]

/** What a client makes of a field that may come many times and does not: a list without entries, or nothing. */
function list(answer: Answer, field: string): readonly Readonly<Record<string, unknown>>[] {
  return (answer.result?.[field] ?? []) as readonly Readonly<Record<string, unknown>>[]
}

const CORRELATION = expect.stringMatching(/^[0-9a-f-]{36}$/)

let text: TextServer
let messaging: RestartableServer
let strict: StrictServer
/** The folder of each client by its name, when it is built: while others are being tested, since compilers take long. */
const builds = new Map<string, Promise<string>>()
beforeAll(async () => {
  text = await openTextServer({
    portType: {
      ...textPortType,
      remove_spaces(input: { readonly string: string }) {
        if (input.string === 'fail') throw new Error('secret')
        return textPortType.remove_spaces(input)
      },
    },
  })
  messaging = await startRestartableServer('--max-text-bytes', '65536')
  strict = await openStrictServer()
  const wsdls = {
    text: `${text.url}/?wsdl`,
    messaging: `http://127.0.0.1:${messaging.soapPort}/messaging?wsdl`,
  }
  for (const { name, build } of CLIENTS) {
    const folder = await makeTempFolder()
    const built = Promise.resolve(build?.(folder, wsdls)).then(() => folder)
    built.catch(() => {}) // told to the client's own tests, which are skipped where its compiler is missing
    builds.set(name, built)
  }
})
afterAll(async () => {
  await Promise.allSettled(builds.values())
  await text?.close()
  await messaging?.close()
  await strict?.close()
  await removeTempFolders()
})

describe.each(CLIENTS)('$name', (one) => {
  const { name, packages, versions, damage = (string) => string, mtom = false, start } = one
  describeWith(...packages)('calls', () => {
    const kept = DIFFICULT.filter(([, string]) => damage(string) === string)
    const damaged = DIFFICULT.filter(([, string]) => damage(string) !== string)
    let client: Peer

    beforeAll(async () => {
      client = start((await builds.get(name)) as string)
    }, 120_000)
    afterAll(() => client?.close())

    describe.each(versions)('the text service, in SOAP %s', (version) => {
      function callText(operation: string, string: string | null, url = text.url) {
        const wsdl = `${url}/?wsdl`
        return ask(client, { service: 'Text', wsdl, version, operation, input: { string } })
      }

      test('both operations, knowing no more than the URL of the WSDL', async () => {
        const string = 'two   words'
        expect(await callText('remove_spaces', string)).toEqual({
          result: { remove_spacesResult: 'two words' },
        })
        expect(await callText('remove', string)).toEqual({ result: { removeResult: 'two words' } })
      })

      test('and speaks this version', async () => {
        const ear = await openEar(text.port)
        await callText('remove', 'a', ear.url)
        ear.close()
        expect(ear.heard).toEqual([VERSIONS[version].mediaType])
      })

      test.each(kept)('and gets %s back as it was', async (_, string) => {
        expect(await callText('remove', string)).toEqual({ result: { removeResult: string } })
      })

      // What the client's library does to them: the server sees what it answers.
      if (damaged.length > 0)
        test.each(damaged)('but gets %s back changed, since the client changes it', async (_, string) => {
          expect(await callText('remove', string)).toEqual({ result: { removeResult: damage(string) } })
        })

      test('and takes no characters and nil for no characters or nothing', async () => {
        for (const nothing of ['', null])
          expect((await callText('remove', nothing)).result?.removeResult ?? '').toBe('')
      })

      test('and sees a fault with the detail that the WSDL declares', async () => {
        expect(await callText('remove_spaces', 'fail')).toMatchObject({
          fault: { name: 'problem', detail: { correlationId: CORRELATION } },
        })
      })
    })

    describe.each(versions)('the messaging service, in SOAP %s', (version) => {
      const ending = `${name}-${version}`.toLowerCase().replace(/[^a-z0-9]+/g, '-')
      const ada = { user: `ada-${ending}`, password: 'secret & <of> "ada"' }
      const bob = { user: `bob-${ending}`, password: 'secret & <of> "bob"' }
      /** The faults that it has shown as what they are. */
      const seen = new Set<string>()

      function callAs(
        who: Pick<Call, 'user' | 'password'>,
        operation: string,
        input: Call['input'] = {},
        server = `http://127.0.0.1:${messaging.soapPort}`,
      ) {
        const wsdl = `${server}/messaging?wsdl`
        const answered = ask(client, { service: 'MessagingService', wsdl, version, ...who, operation, input })
        return answered.then((answer) => {
          if (answer.fault !== undefined) seen.add(answer.fault.name)
          return answer
        })
      }

      /** What waits for a user, which is acknowledged. */
      async function receiveAll(who: typeof ada) {
        const entries = list(await callAs(who, 'Receive', { maxMessages: 100, waitSeconds: 30 }), 'entry')
        expect(await callAs(who, 'Acknowledge', { seq: Number(entries.at(-1)?.seq) })).toEqual({ result: {} })
        return entries
      }

      const textsOf = (entries: Awaited<ReturnType<typeof receiveAll>>) =>
        entries.map(({ message }) => (message as { readonly text?: string } | undefined)?.text ?? '')

      beforeAll(async () => {
        for (const { user, password } of [ada, bob])
          expect(await callAs({}, 'Register', { userName: user, password })).toEqual({ result: {} })
      })
      afterAll(async () => {
        for (const who of [ada, bob]) expect(await callAs(who, 'Unregister')).toEqual({ result: {} })
      })

      test('every operation, from the sending of a message to its receipt', async () => {
        const sending = { recipient: bob.user, text: 'hi', clientMessageId: 'order-17' }
        const sent = await callAs(ada, 'Send', sending)
        expect(sent.result).toEqual({ messageId: expect.anything(), clientMessageId: 'order-17' })
        // Again, as after a lost answer: it is the same message.
        expect(await callAs(ada, 'Send', sending)).toEqual(sent)
        const status = () => callAs(ada, 'GetMessageStatus', { clientMessageId: 'order-17' })
        expect((await status()).result).toEqual({ messageId: sent.result?.messageId, status: 'Waiting' })

        const [entry, ...more] = await receiveAll(bob)
        expect(more).toEqual([])
        expect(entry).toMatchObject({ message: { sender: ada.user, text: 'hi' } })
        // An instant, in whatever form the client has for one; gSOAP's has whole seconds.
        const { acceptedAt } = (entry?.message ?? {}) as { readonly acceptedAt?: string }
        expect(Math.abs(Date.parse(acceptedAt ?? '') - Date.now())).toBeLessThan(3_600_000)

        const [receipt] = await receiveAll(ada)
        expect(receipt?.receipt).toMatchObject({ clientMessageId: 'order-17', recipient: bob.user })
        expect(await status()).toMatchObject({ fault: { name: 'MessageNotFound' } })

        const users = list(await callAs(ada, 'ListUsers', { prefix: `ada-${ending}` }), 'user')
        expect(users.map((user) => user.name)).toEqual([ada.user])
        expect(list(await callAs(ada, 'ListUsers'), 'user').length).toBeGreaterThan(1)
        expect(list(await callAs(ada, 'ListUsers', { prefix: 'nobody' }), 'user')).toEqual([])
      })

      test('and gets nothing where nothing waits', async () => {
        expect(list(await callAs(ada, 'Receive', { maxMessages: 1, waitSeconds: 0 }), 'entry')).toEqual([])
      })

      test('and brings difficult strings through, in order', async () => {
        const strings = [...DIFFICULT.map(([, string]) => string), '']
        for (const string of strings)
          expect(await callAs(ada, 'Send', { recipient: bob.user, text: string })).toHaveProperty('result')
        expect(textsOf(await receiveAll(bob))).toEqual(strings.map(damage))
        await receiveAll(ada)
      })

      test('and sends a file and fetches it', async () => {
        const bytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256))
        const file = { fileName: 'plan & more.bin', content: bytes.toString('base64') }
        const ear = await openEar(messaging.soapPort)
        const sent = await callAs(ada, 'SendAttachment', { recipient: bob.user, ...file }, ear.url)
        ear.close()
        expect(sent).toHaveProperty('result')
        expect(ear.heard).toEqual([mtom ? 'multipart/related' : VERSIONS[version].mediaType])

        const [entry] = list(await callAs(bob, 'Receive', { maxMessages: 1, waitSeconds: 30 }), 'entry')
        const { attachment } = (entry?.message ?? {}) as {
          readonly attachment?: Readonly<Record<string, unknown>>
        }
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        expect(attachment).toMatchObject({ fileName: file.fileName, sha256 })
        expect(Number(attachment?.size)).toBe(512)
        const seq = Number(entry?.seq)
        const fetched = await callAs(bob, 'GetAttachment', { seq })
        expect(fetched.result).toMatchObject({ ...file, sha256 })

        await receiveAll(bob)
        expect(await callAs(bob, 'GetAttachment', { seq })).toMatchObject({
          fault: { name: 'AttachmentNotFound' },
        })
        await receiveAll(ada)
      })

      test('and is told when somebody else receives for the user', async () => {
        const receiving = () =>
          fetch(`http://127.0.0.1:${messaging.soapPort}/messaging`, {
            method: 'POST',
            headers: {
              'Content-Type': 'text/xml',
              Authorization: `Basic ${btoa(`${bob.user}:${bob.password}`)}`,
            },
            body: envelope(
              '1.1',
              `<Receive xmlns="urn:dms:messaging:1"><maxMessages>1</maxMessages><waitSeconds>60</waitSeconds></Receive>`,
            ),
          })
        // The client's own short ones may be in its way.
        const somebody = (async () => {
          let response: Response
          do response = await receiving()
          while (!response.ok)
          return response.text()
        })()
        // Until it waits, nothing comes.
        let answer: Answer
        do answer = await callAs(bob, 'Receive', { maxMessages: 1, waitSeconds: 0 })
        while (answer.fault === undefined && answer.error === undefined)
        expect(answer).toMatchObject({ fault: { name: 'UserAlreadyConnected' } })
        await callAs(ada, 'Send', { recipient: bob.user, text: 'for somebody' })
        expect(await somebody).toContain('for somebody')
        await receiveAll(bob)
        await receiveAll(ada)
      })

      test('and sees why a server refuses that refuses much', async () => {
        const [eve, fay] = ['eve', 'fay'].map((name) => ({ user: `${name}-${ending}`, password: PASSWORD }))
        await strict.add(eve?.user ?? '', fay?.user ?? '')
        const call = (operation: string, input: Call['input'] = {}) =>
          callAs(eve ?? {}, operation, input, strict.url)
        const expectFault = async (name: string, answer: Promise<Answer>) => {
          const { fault } = await answer
          expect(fault).toMatchObject({ name, detail: { correlationId: CORRELATION } })
          // Of SOAP 1.2 some clients give the text with its language.
          expect(JSON.stringify(fault?.reason)).not.toContain('secret')
          return fault?.detail ?? {}
        }
        await expectFault('NotAllowed', call('Register', { userName: `gil-${ending}`, password: 'a' }))
        const message = { recipient: fay?.user, text: 'a' }
        expect(await call('Send', message)).toHaveProperty('result')
        await expectFault('MailboxFull', call('Send', message))
        const content = Buffer.alloc(STRICT_FILE_BYTES + 1).toString('base64')
        const tooLarge = call('SendAttachment', { recipient: eve?.user, fileName: 'x', content })
        expect(Number((await expectFault('AttachmentTooLarge', tooLarge)).maxAttachmentBytes)).toBe(
          STRICT_FILE_BYTES,
        )
        await expectFault('problem', call('ListUsers', { prefix: WRONG_INSIDE }))
        strict.busy = true
        try {
          for (const operation of ['Acknowledge', 'GetAttachment'])
            await expectFault('TemporarilyUnavailable', call(operation, { seq: 1 }))
          await expectFault('TemporarilyUnavailable', call('Send', message))
        } finally {
          strict.busy = false
        }
      })

      const stranger = { user: ada.user, password: 'wrong' }
      const long = 'x'.repeat(65_537)
      test.each<[fault: string, who: object, operation: string, input: Call['input'], detail?: object]>([
        ['NotAuthenticated', {}, 'ListUsers', {}],
        ['NotAuthenticated', stranger, 'Send', { recipient: bob.user, text: 'a' }],
        ['UserExists', {}, 'Register', { userName: ada.user, password: 'a' }],
        ['UserNotFound', ada, 'Send', { recipient: 'nobody', text: 'a' }],
        ['MessageTooLong', ada, 'Send', { recipient: bob.user, text: long }, { maxTextBytes: 65_536 }],
        ['MessageNotFound', ada, 'GetMessageStatus', { clientMessageId: 'none' }],
        ['InvalidRequest', ada, 'Receive', { maxMessages: 0, waitSeconds: 0 }],
      ])('and sees %s as what it is', async (fault, who, operation, input, detail = {}) => {
        const answer = await callAs(who, operation, input)
        expect(answer).toMatchObject({ fault: { name: fault, detail: { correlationId: CORRELATION } } })
        // Some clients know the types of a detail's fields, others take them for strings.
        for (const [field, value] of Object.entries(detail))
          expect(Number(answer.fault?.detail[field])).toBe(value)
      })

      test('and so has shown every fault that the contract declares', () => {
        const declared = strict.contract.operations.flatMap(({ faults }) => [...faults.keys()])
        expect([...seen].sort()).toEqual([...new Set(declared)].sort())
      })
    })
  })
})
