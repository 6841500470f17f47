import soap from 'soap'
import { escapeXml } from '../../src/soap/escape.ts'
import { openTextServer, type TextServer } from './text-server.ts'

describe('node-soap as a client', () => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer()
  })
  afterAll(() => server.close())

  const exact = { preserveWhitespace: true, disableCache: true }

  test.each([
    ['1.1', {}],
    ['1.2', { forceSoap12Headers: true }],
  ])('calls both operations in SOAP %s', async (_, options) => {
    const client = await soap.createClientAsync(`${server.url}/?wsdl`, { ...exact, ...options })
    const [trimmed] = await client.remove_spacesAsync({ string: '  two   words ' })
    expect(trimmed).toEqual({ remove_spacesResult: 'two words' })
    const [collapsed] = await client.removeAsync({ string: '  two   words ' })
    expect(collapsed).toEqual({ removeResult: ' two words ' })
  })

  test.each(['<a>&amp;', 'a\u00a0é𝄞', '<![CDATA[a]]>', 'a]]>b', '"\''])(
    'brings %j through as it is',
    async (text) => {
      const client = await soap.createClientAsync(`${server.url}/?wsdl`, exact)
      const [result] = await client.removeAsync({ string: { $xml: escapeXml(text) } })
      expect(result).toEqual({ removeResult: text })
    },
  )

  test('sees a fault as a fault', async () => {
    const client = await soap.createClientAsync(`${server.url}/?wsdl`, exact)
    await expect(client.remove_spacesAsync({ wrong: 'a' })).rejects.toMatchObject({
      root: { Envelope: { Body: { Fault: { detail: { problem: { location: 'remove_spaces/wrong' } } } } } },
    })
  })
})
