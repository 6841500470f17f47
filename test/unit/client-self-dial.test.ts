import { createTrimmer } from '../../src/cli/trim.ts'
import { openLegacyConnection } from '../../src/client/legacy-connection.ts'
import { dial } from '../../src/client/session-dial.ts'
import { meetsItself } from '../../src/domain/address.ts'
import { dialItself } from '../support/self-dial.ts'

const timeoutMs = 60_000

/** The server is away, and has a port that the system dials from. */
describe('a dial that meets itself is a connection refused', () => {
  test.each([
    ['of the session protocol', {}, ''],
    ['of the session protocol over TLS', { tls: {} }, ' over TLS'],
  ])('%s', async (_, more, how) => {
    const open = (port: number) => {
      const server = { host: '127.0.0.1', port, timeoutMs, ...more }
      return dial(server, new AbortController().signal).catch((error: Error) => error)
    }
    const { result, met } = await dialItself(open)
    expect(met).toBe(1)
    expect(result).toMatchObject({
      name: 'CannotConnect',
      message: expect.stringMatching(
        `^cannot reach 127\\.0\\.0\\.1:\\d+${how} \\(connection refused\\): start `,
      ),
    })
  })

  test('of the original protocol', async () => {
    const { result, met } = await dialItself((port) =>
      openLegacyConnection({ host: '127.0.0.1', port, timeoutMs }).catch((error: Error) => error),
    )
    expect(met).toBe(1)
    expect(result).toMatchObject({
      name: 'CannotConnect',
      message: expect.stringMatching(/^cannot reach 127\.0\.0\.1:\d+ \(connection refused\): start /),
    })
  })

  test.each(['http', 'https'])('of the text service, over %s', async (scheme) => {
    const { result, met } = await dialItself(async (port) => {
      const trimmer = createTrimmer({ wsdl: `${scheme}://127.0.0.1:${port}/?wsdl`, timeoutMs })
      const failure = await trimmer.trim('x').catch((error: Error) => error)
      trimmer.close()
      return failure
    })
    expect(met).toBe(1)
    expect(result).toMatchObject({
      name: 'CannotConnect',
      message: expect.stringMatching(/^https?:.* does not work as a text service \(connection refused\): /),
    })
  })
})

test('a connection meets itself when address and port are the same at both ends, and never once it is closed', () => {
  const ends = { localAddress: '::1', localPort: 40_000, remoteAddress: '::1', remotePort: 40_000 }
  expect(meetsItself(ends)).toBe(true)
  expect(meetsItself({ ...ends, remotePort: 40_002 })).toBe(false)
  expect(meetsItself({ ...ends, remoteAddress: '::2' })).toBe(false)
  expect(meetsItself({})).toBe(false)
})
