import fc from 'fast-check'
import soap from 'soap'
import {
  envelope,
  escapeText,
  openTextServer,
  post,
  remove,
  resultOf,
  type TextServer,
} from '../soap/text-server.ts'
import { describeWith } from '../support/describe-with.ts'
import { interopFile, type Peer, PYTHON, startPeer } from './soap-peer.ts'

/** Much white space of all kinds, and what is near to it. */
const text = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom(
          ...' \t\n\r\u0085\u00a0\u1680\u180e\u2000\u2007\u200a\u200b\u2028\u2029\u202f\u205f\u3000\ufeff',
        ),
      },
      { weight: 2, arbitrary: fc.constantFrom(...'abé€<&>"\u007f\u0086\u2060') },
      { weight: 1, arbitrary: fc.constantFrom('𝄞', '  ', '\r\n') },
    ),
    { minLength: 1, maxLength: 40 },
  )
  .map((parts) => parts.join(''))

describeWith('python3-spyne')('remove, against the original service on Spyne', () => {
  let ours: TextServer
  let spyne: Peer
  let spyneUrl: string
  beforeAll(async () => {
    ours = await openTextServer()
    spyne = startPeer(PYTHON, [interopFile('soap-spyne-server.py')])
    spyneUrl = `http://127.0.0.1:${await spyne.line()}`
  })
  afterAll(async () => {
    await spyne.close()
    await ours.close()
  })

  async function ask(url: string, written: string): Promise<string | undefined> {
    return resultOf(await post(url, '1.1', envelope('1.1', remove(`<string>${written}</string>`))), 'remove')
  }

  test('answers the same to any text', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (string) => {
        // Spyne writes a carriage return as it is, which every XML reader takes for a line end.
        const expected = (await ask(spyneUrl, escapeText(string)))?.replaceAll('\r', '\n')
        expect((await ask(ours.url, escapeText(string)))?.replaceAll('\r', '\n')).toBe(expected)
      }),
      { numRuns: 300 },
    )
  })

  test.each(['', '<![CDATA[ <a>  b ]]>', 'a\r\n\r\nb', '&#9;&#9;', 'a<!-- b -->  c'])(
    'answers the same to text written %j',
    async (written) => {
      expect(await ask(ours.url, written)).toBe(await ask(spyneUrl, written))
    },
  )

  test('node-soap calls Spyne as it calls us', async () => {
    for (const url of [spyneUrl, ours.url]) {
      const client = await soap.createClientAsync(`${url}/?wsdl`, {
        preserveWhitespace: true,
        disableCache: true,
      })
      const [reply] = await client.removeAsync({ string: ' two   words ' })
      expect(reply).toEqual({ removeResult: ' two words ' })
    }
  })
})
