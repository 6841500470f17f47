import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { SoapContext } from '../../src/soap/context.ts'
import { makeCertificate, type TestCertificate } from '../support/certificate.ts'
import { describeWith } from '../support/describe-with.ts'
import { request } from './raw-http.ts'
import { envelope, openTextServer, removeSpaces } from './text-server.ts'

const CALL = request(envelope('1.1', removeSpaces('a  b')))
const GET = 'GET /livez HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n'

describeWith('openssl')('over TLS', () => {
  let folder: string
  let certificate: TestCertificate
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dms-https-'))
    certificate = makeCertificate(folder, 'soap')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each([true, false])('plain POSTs and what follows them are answered (fast: %s)', async (fast) => {
    const secure: boolean[] = []
    const server = await openTextServer({
      fast,
      http: { tls: certificate },
      portType: {
        remove_spaces: ({ string }: { string: string }, context: SoapContext) => {
          secure.push(context.secure)
          return { remove_spacesResult: string }
        },
        remove: () => ({}),
      },
    })
    const socket = connect({ port: server.port, host: '127.0.0.1', ca: certificate.cert })
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    await once(socket, 'secureConnect')
    // In one record; cut in two; and one that is node:http's.
    socket.write(CALL + CALL.slice(0, 200))
    await once(socket, 'data')
    socket.write(CALL.slice(200) + GET)
    await once(socket, 'close')
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(3)
    expect(text.endsWith('alive\n')).toBe(true)
    expect(secure).toEqual([true, true])
    await server.close()
  })
})
