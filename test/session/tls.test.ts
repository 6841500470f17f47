import { once } from 'node:events'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { makeCertificate, type TestCertificate } from '../support/certificate.ts'
import { describeWith } from '../support/describe-with.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { dialSessionPeer, type SessionPeer, speakSession } from '../support/session-peer.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

describeWith('openssl')('the TLS port, and that of HTTPS', () => {
  let folder: string
  let first: TestCertificate
  let second: TestCertificate
  let server: ServerProcess
  let tlsPort: number
  let httpsPort: number
  const sockets: TLSSocket[] = []

  beforeAll(async () => {
    folder = await makeTempFolder()
    first = makeCertificate(folder, 'first')
    second = makeCertificate(folder, 'second')
    await copyFile(first.certFile, join(folder, 'cert.pem'))
    await copyFile(first.keyFile, join(folder, 'key.pem'))
    const files = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')]
    const limits = ['--request-timeout', '1', '--max-connections-per-address', '40']
    server = await startServerProcess({
      folder: join(folder, 'data'),
      flags: ['--tls-port', '0', '--https-port', '0', ...files, ...limits],
    })
    const started = await server.logged('started')
    tlsPort = Number(started.tlsPort)
    httpsPort = Number(started.httpsPort)
  })
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
  })
  afterAll(async () => {
    await server.kill()
    await removeTempFolders()
  })

  /** Rejects with the error of the handshake. */
  async function dial(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const ca = [first.cert, second.cert]
    const socket = connectTls({ host: '127.0.0.1', port: tlsPort, ca, ...options })
    sockets.push(socket)
    await once(socket, 'secureConnect')
    socket.on('error', () => {})
    return socket
  }
  async function openSession(options: ConnectionOptions = {}): Promise<SessionPeer> {
    const peer = speakSession(await dial(options))
    peer.send(['SESSION', 1])
    await peer.take('SESSION')
    return peer
  }
  const whoVouches = (socket: TLSSocket) => socket.getPeerCertificate().subject.CN
  const old = (version: 'TLSv1' | 'TLSv1.1'): ConnectionOptions => ({
    minVersion: version,
    maxVersion: version,
    ciphers: 'DEFAULT@SECLEVEL=0',
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('carries a session over %s', async (version) => {
    const peer = await openSession({ minVersion: version, maxVersion: version })
    await peer.ask('REGISTER', 'ann', '')
    expect((await peer.ask('CONNECT', 'ann', 'takeover'))[0]).toBe('OK')
    const text = `${version} ${'x'.repeat(60_000)}`
    expect((await peer.ask('SEND', 'ann', text))[0]).toBe('OK')
    const message = await peer.take('SEND_MESSAGE')
    expect(message.at(-1)).toBe(text)
    peer.confirm(message)
    peer.confirm(await peer.take('SEND_MESS_ACK'))
    expect((await peer.ask('DISCONNECT'))[0]).toBe('OK')
  })

  test.each(['TLSv1', 'TLSv1.1'] as const)('refuses %s', async (version) => {
    await expect(dial(old(version))).rejects.toThrow(/protocol version/i)
    await expect(dial({ ...old(version), port: httpsPort })).rejects.toThrow(/protocol version/i)
  })

  test('knows no legacy requests: its programs know no TLS', async () => {
    const socket = await dial()
    socket.write('REGISTER\0bob\0')
    const said: Buffer[] = []
    socket.on('data', (chunk) => said.push(chunk))
    await once(socket, 'close')
    expect(said).toEqual([])
  })

  test('closes what is no TLS, and who begins no handshake in time; others are served', async () => {
    const plain = await dialSessionPeer(tlsPort)
    plain.send(['SESSION', 1])
    const silent = await dialSessionPeer(tlsPort)
    await plain.closed
    await silent.closed
    expect(plain.frames).toEqual([])
    expect(await (await openSession()).ask('PING')).toEqual(['OK', ''])
  })

  test('keeps the limit of connections, and takes others when some have gone', async () => {
    const open: TLSSocket[] = []
    for (let n = 0; n < 40; n++) open.push(await dial())
    await expect(dial()).rejects.toThrow()
    for (const socket of open) socket.destroy()
    for (;;) {
      const again = await openSession().catch(() => undefined)
      if (again === undefined) continue
      expect(await again.ask('PING')).toEqual(['OK', ''])
      break
    }
  })

  test('shows the new certificate after SIGHUP; sessions that are open stay, and one that cannot be used changes nothing', async () => {
    const before = await dial()
    expect(whoVouches(before)).toBe('first.example')
    const peer = speakSession(before)
    peer.send(['SESSION', 1])

    await copyFile(second.certFile, join(folder, 'cert.pem'))
    await copyFile(second.keyFile, join(folder, 'key.pem'))
    server.signal('SIGHUP')
    await certificateIs('second.example')
    await certificateIs('second.example', httpsPort)
    expect(await peer.ask('PING')).toEqual(['OK', ''])

    await writeFile(join(folder, 'cert.pem'), 'no certificate')
    server.signal('SIGHUP')
    for (let n = 0; n < 5; n++) expect(whoVouches(await dial())).toBe('second.example')
    server.signal('SIGTERM')
    expect((await server.ended).stderr).toMatch(/the certificate in use stays/)
  })

  async function certificateIs(name: string, port = tlsPort): Promise<void> {
    for (;;) {
      const socket = await dial({ port })
      if (whoVouches(socket) === name) return
      socket.destroy()
    }
  }
})
