import { join } from 'node:path'
import { makeCertificate, type TestCertificate } from '../support/certificate.ts'
import { PASSWORD, request, usernameToken } from '../support/messaging-calls.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { dialSessionPeer } from '../support/session-peer.ts'
import { makeTempFolder } from '../support/temp-folder.ts'
import { createCaller } from './proxied-caller.ts'
import { openTap, type PROXIES, type RunningProxy, startProxy, type Tap } from './proxy-bed.ts'

/** The accounts that have a password. */
export const ADA = usernameToken('ada', PASSWORD)
export const BOB = usernameToken('bob', PASSWORD)
/** The account that has none. */
export const EVE = usernameToken('eve', undefined)
/** What a caller makes up who wants to be somebody else, or elsewhere. */
export const FORGED = {
  'X-Forwarded-For': '127.0.0.1',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Port': '666',
  'X-Forwarded-Prefix': '/evil',
  'X-Real-IP': '127.0.0.1',
  Forwarded: 'for=127.0.0.1;proto=https;host=evil.example',
}
/** Another address of this machine, for callers. */
export const ELSEWHERE = '127.0.0.77'

/** A server with a proxy before it. */
export interface ProxiedServer {
  readonly server: ServerProcess
  /** Between the two, at the SOAP port. */
  readonly tap: Tap
  readonly proxy: RunningProxy
  /** The proxy's. */
  readonly certificate: TestCertificate
  close(): Promise<void>
}

/** Starts a server with these flags and the accounts above, and the proxy before it. */
export async function openProxiedServer(
  name: (typeof PROXIES)[number],
  ...flags: readonly string[]
): Promise<ProxiedServer> {
  const folder = await makeTempFolder()
  const certificate = makeCertificate(folder, 'proxy')
  const server = await startServerProcess({ folder: join(folder, 'data'), flags })
  const tap = await openTap(server.soapPort)
  const ports = { soapPort: tap.port, messagingPort: server.port }
  const proxy = await startProxy(name, { folder, certificate, ...ports })
  const here = createCaller({ port: server.soapPort })
  for (const userName of ['ada', 'bob']) {
    await here.call(request('Register', { userName, password: PASSWORD }))
  }
  here.close()
  const peer = await dialSessionPeer(server.port)
  peer.send(['SESSION', 1])
  await peer.ask('REGISTER', 'eve', '')
  await peer.close()
  return {
    server,
    tap,
    proxy,
    certificate,
    async close() {
      await proxy.close()
      await tap.close()
      await server.kill()
    },
  }
}
