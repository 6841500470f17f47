import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { runScript } from '../support/command-line.ts'
import { describeWith } from '../support/describe-with.ts'
import { PASSWORD } from '../support/messaging-calls.ts'
import { login } from '../support/session-login.ts'
import { type SessionPeer, speakSession } from '../support/session-peer.ts'
import { removeTempFolders } from '../support/temp-folder.ts'
import { ELSEWHERE, openProxiedServer, type ProxiedServer } from './proxied-server.ts'
import { PROXIES } from './proxy-bed.ts'

describeWith('nginx-light', 'libnginx-mod-stream', 'haproxy', 'openssl').each(PROXIES)(
  'the session protocol through %s, which sees TCP',
  (name) => {
    let proxied: ProxiedServer
    beforeAll(async () => {
      proxied = await openProxiedServer(name)
    })
    afterAll(async () => {
      await proxied.close()
      await removeTempFolders()
    })

    const closers: (() => unknown)[] = []
    afterEach(async () => {
      for (const close of closers.splice(0)) await close()
    })
    async function openSession(from = '127.0.0.1'): Promise<SessionPeer> {
      const host = '127.0.0.1'
      const socket = connect({ host, port: proxied.proxy.messagingPort, localAddress: from })
      const peer = speakSession(connectTls({ socket, host, ca: proxied.certificate.cert }))
      closers.push(() => peer.close())
      peer.send(['SESSION', 1])
      await peer.take('SESSION')
      return peer
    }

    test('goes over TLS that the proxy ends', async () => {
      const [ada, bob] = [await openSession(), await openSession()]
      for (const [peer, user] of [
        [ada, 'ada'],
        [bob, 'bob'],
      ] as const) {
        expect((await login(peer, user, PASSWORD))[0]).toBe('OK')
        expect((await peer.ask('CONNECT', user, ''))[0]).toBe('OK')
      }
      expect((await ada.ask('SEND', 'bob', 'hello'))[0]).toBe('OK')
      const message = await bob.take((frame) => frame.includes('hello'))
      bob.confirm(message)
      await ada.take('SEND_MESS_ACK')
    })

    test('is spoken by the prompt', async () => {
      const at = ['-s', '127.0.0.1', '-p', String(proxied.proxy.messagingPort), '--no-trim']
      const tls = ['--tls', '--ca', proxied.certificate.certFile]
      const { code, out } = await runScript(
        ['REGISTER carol', 'CONNECT carol', 'SEND carol hello'],
        ...at,
        ...tls,
      )
      expect([code, out.join()]).toEqual([0, expect.stringContaining('hello')])
    })

    test('comes from the proxy to the server: a failure is the proxy’s, and who uses an open account is local', async () => {
      const peer = await openSession(ELSEWHERE)
      expect((await login(peer, 'ada', 'wrong'))[0]).toBe('FAULT')
      expect(await proxied.server.logged('authentication-failed')).toMatchObject({
        user: 'ada',
        source: '127.0.0.1',
      })
      expect((await peer.ask('CONNECT', 'eve', ''))[0]).toBe('OK')
    })
  },
)
