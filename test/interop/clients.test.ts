import { resolve } from 'node:path'
import { textPortType } from '../../src/port-types/text.ts'
import { openTextServer, type TextServer } from '../soap/text-server.ts'
import { describeWith } from '../support/describe-with.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { ask, type Call, CLIENTS } from './clients.ts'
import type { Peer } from './soap-peer.ts'

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

describe.each(CLIENTS)('$name', ({ packages, versions, damage = (text) => text, start }) => {
  describeWith(...packages)('calls', () => {
    const kept = DIFFICULT.filter(([, string]) => damage(string) === string)
    const damaged = DIFFICULT.filter(([, string]) => damage(string) !== string)
    let text: TextServer
    let client: Peer

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
      const wsdls = { text: `${text.url}/?wsdl`, messaging: resolve('wsdl/messaging.wsdl') }
      client = await start(await makeTempFolder(), wsdls)
    }, 120_000)

    afterAll(async () => {
      await client?.close()
      await text?.close()
      await removeTempFolders()
    })

    describe.each(versions)('the text service, in SOAP %s', (version) => {
      function callText(operation: string, string: string | null) {
        const wsdl = `${text.url}/?wsdl`
        return ask(client, { service: 'Text', wsdl, version, operation, input: { string } } satisfies Call)
      }

      test('both operations, knowing no more than the URL of the WSDL', async () => {
        const string = 'two   words'
        expect(await callText('remove_spaces', string)).toEqual({
          result: { remove_spacesResult: 'two words' },
        })
        expect(await callText('remove', string)).toEqual({ result: { removeResult: 'two words' } })
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
          fault: { name: 'problem', detail: { correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/) } },
        })
      })
    })
  })
})
