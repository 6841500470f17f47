import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type Listener, openListener } from '../../src/transport/listener.ts'
import { makeCertificate } from '../support/certificate.ts'
import { describeWith } from '../support/describe-with.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

/** The first bytes of a handshake: a record of 512 bytes begins (RFC 8446, 5.1). */
const HALF_A_HELLO = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])

describeWith('openssl')('a TLS port with room for one', () => {
  let listener: Listener
  let ca: string

  beforeEach(async () => {
    const { cert, key } = makeCertificate(await makeTempFolder(), 'listener')
    ca = cert
    listener = await openListener({
      host: '127.0.0.1',
      port: 0,
      // Answers once the peer has said that it has no more to say.
      protocols: [
        {
          name: 'late',
          matches: () => true,
          serve: (socket) => void socket.on('end', () => socket.end('answer')),
          stop: () => {},
        },
      ],
      maxConnections: 1,
      maxConnectionsPerAddress: 100,
      openingTimeoutMs: 3_600_000,
      observer: {},
      tls: { cert, key },
    })
  })
  afterEach(async () => {
    await listener.close(0)
    await removeTempFolders()
  })

  /** What a client hears who sends a word and its end. */
  async function heard(): Promise<string> {
    const socket = connectTls({ host: '127.0.0.1', port: listener.port, ca })
    socket.allowHalfOpen = true
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => {})
    socket.on('secureConnect', () => socket.end('word\0'))
    await new Promise((resolve) => socket.on('close', resolve))
    return text
  }

  test.each([
    ['ends', (socket: Socket) => void socket.end()],
    ['breaks off', (socket: Socket) => void socket.resetAndDestroy()],
  ])('takes the next one at once when somebody %s in the middle of the handshake', async (_how, leave) => {
    const first = connect({ host: '127.0.0.1', port: listener.port })
    first.on('error', () => {})
    await once(first, 'connect')
    first.resume()
    const closed = new Promise((resolve) => first.on('close', resolve))
    first.write(HALF_A_HELLO, () => leave(first))
    await closed
    let answer = ''
    while (answer === '') answer = await heard()
    expect(answer).toBe('answer')
  })

  test('still answers who has closed its own side after the handshake', async () => {
    expect(await heard()).toBe('answer')
  })
})
