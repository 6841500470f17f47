import { openTextServer, type TextServer } from '../soap/text-server.ts'
import { describeWith } from '../support/describe-with.ts'
import { callBy, type Peer, startPeer } from './soap-peer.ts'

const CLIENTS: readonly (readonly [string, (url: string) => Peer])[] = [
  ['zeep, as the original calls it', (url) => startPeer('soap-clients.py', 'zeep', url)],
  ['zeep with SOAP 1.2', (url) => startPeer('soap-clients.py', 'zeep12', url)],
  ['suds', (url) => startPeer('soap-clients.py', 'suds', url)],
  ['PHP', (url) => startPeer('soap-client.php', '1.1', url)],
  ['PHP with SOAP 1.2', (url) => startPeer('soap-client.php', '1.2', url)],
]

describeWith('python3-zeep', 'python3-suds', 'php-soap').each(CLIENTS)('%s', (_, start) => {
  let server: TextServer
  let client: Peer
  beforeAll(async () => {
    server = await openTextServer()
    client = start(`${server.url}/?wsdl`)
  })
  afterAll(async () => {
    await client.close()
    await server.close()
  })

  test('calls remove and remove_spaces with no more than the URL', async () => {
    expect(await callBy(client, 'remove', ' a  b\t\tc\n')).toEqual({ result: ' a b c\n' })
    expect(await callBy(client, 'remove_spaces', ' a  b\t\tc\n')).toEqual({ result: 'a b c' })
  })

  test.each(['<a>& b</a>', ']]>', 'é€𝄞', 'a\u00a0b', '"\'', 'a\tb', '\u0085'])(
    'brings %j through as it is',
    async (text) => {
      expect(await callBy(client, 'remove', text)).toEqual({ result: text })
    },
  )

  test('sends nothing and gets nothing', async () => {
    // What clients make of an empty string differs: an empty string or nothing.
    expect([null, '']).toContain((await callBy(client, 'remove', null)).result)
    expect([null, '']).toContain((await callBy(client, 'remove', '')).result)
  })

  test('sees a fault as a fault, with the detail that the WSDL declares', async () => {
    const failing = await openTextServer({
      portType: {
        remove_spaces: () => {
          throw new Error('secret')
        },
        remove: () => ({}),
      },
    })
    const other = start(`${failing.url}/?wsdl`)
    const answer = await callBy(other, 'remove_spaces', 'a')
    expect(answer.fault).toBe('the server could not do this; its log has the correlation id')
    expect(answer.detail).toEqual(['problem'])
    await other.close()
    await failing.close()
  })
})
