import { exchange, openPushListener, type PushListener } from '../support/legacy-wire.ts'
import { type Series, scrape } from '../support/metrics-text.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'
import { dialSessionPeer, type SessionPeer } from '../support/session-peer.ts'

const VERIFIER = `SCRAM-SHA-256$4096:${Buffer.alloc(16, 1).toString('base64')}$${[2, 3]
  .map((byte) => Buffer.alloc(32, byte).toString('base64'))
  .join(':')}`

const ENVELOPE =
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' +
  '<t:remove_spaces xmlns:t="urn:dms:text:1"><t:string>a  b</t:string></t:remove_spaces></s:Body></s:Envelope>'

/** A request of the original protocol; resolves to the reply. */
function legacy(port: number, ...fields: readonly (string | number)[]): Promise<Buffer> {
  return exchange(port, [fields.map((field) => `${field}\0`).join('')])
}

describe('/metrics of a server that has had some traffic', () => {
  const peers: SessionPeer[] = []
  let server: RestartableServer
  let listener: PushListener
  let series: Series

  async function present(name: string): Promise<SessionPeer> {
    const peer = await dialSessionPeer(server.port)
    peers.push(peer)
    peer.send(['SESSION', '1'])
    await peer.take('SESSION')
    expect(await peer.ask('REGISTER', name, '')).toEqual(['OK', ''])
    expect(await peer.ask('CONNECT', name, '')).toEqual(['OK', '0'])
    return peer
  }

  beforeAll(async () => {
    server = await startRestartableServer('--backend', 'lmdb')
    const { port } = server
    const alice = await present('alice')
    const bertram = await present('bertram')
    expect((await alice.ask('USERS', 'al'))[0]).toBe('OK')
    expect((await alice.ask('PING'))[0]).toBe('OK')

    // Sessions: five to one who is there, who confirms them; three to one who is not; one to nobody.
    const five = Array.from({ length: 5 }, (_, n) => ['SEND', `a${n}`, 'bertram', `hello ${n}`])
    alice.send(...five, ['SEND', 'a5', 'nobody', 'hello'])
    const arrived = await bertram.takeAll('SEND_MESSAGE', 5)
    bertram.send(['ACK', arrived.at(-1)?.[1] ?? ''])
    await alice.takeAll('SEND_MESS_ACK', 5)
    expect(await alice.reply('a5')).toEqual(['FAULT', 'no-such-user', expect.any(String)])

    // The original protocol: seven requests, and one message that is dialled to a client who listens.
    const pushed = new Promise<string>((resolve) => {
      void openPushListener(resolve).then((opened) => {
        listener = opened
        return legacyTraffic()
      })
    })
    async function legacyTraffic(): Promise<void> {
      for (const name of ['charles', 'dorothy', 'dorothy']) await legacy(port, 'REGISTER', name)
      await legacy(port, 'CONNECT', 'nobody', listener.port)
      await legacy(port, 'CONNECT', 'charles', listener.port)
      await legacy(port, 'SEND', 'charles', 'nobody', 'hello')
      await legacy(port, 'SEND', 'dorothy', 'charles', 'hello')
      for (let n = 0; n < 3; n++) expect((await alice.ask('SEND', 'dorothy', 'twelve bytes'))[0]).toBe('OK')
      expect((await bertram.ask('SEND', 'charles', 'hello'))[0]).toBe('OK')
    }
    expect(await pushed).toBe('bertram: hello')
    await bertram.take('SEND_MESS_ACK')

    // Somebody without the secret.
    expect(await alice.ask('REGISTER', 'eleanor', VERIFIER)).toEqual(['OK', ''])
    alice.send(['AUTH', 'x', 'n,,n=eleanor,r=abcdefgh'])
    const [, serverFirst = ''] = await alice.reply('x')
    const nonce = /r=([^,]+)/.exec(serverFirst)?.[1]
    alice.send(['AUTH', 'x', `c=biws,r=${nonce},p=${Buffer.alloc(32).toString('base64')}`])
    expect(await alice.reply('x')).toEqual(['FAULT', 'not-authenticated', expect.any(String)])

    // Two SENDs of somebody who is nobody yet.
    const stranger = await dialSessionPeer(port)
    peers.push(stranger)
    stranger.send(['SESSION', '1'], ['SEND', 's0', 'alice', 'hello'], ['SEND', 's1', 'alice', 'hello'])
    expect((await stranger.reply('s1'))[1]).toBe('not-connected')

    // SOAP: not XML, and not even said to be.
    const post = (type: string, body = 'x') =>
      fetch(server.wsdl, {
        method: 'POST',
        body,
        headers: { 'content-type': type, connection: 'close' },
      })
    expect((await post('text/xml')).status).toBe(500)
    expect((await post('image/png')).status).toBe(415)
    // And one that is right.
    expect((await post('text/xml', ENVELOPE)).status).toBe(200)

    series = await scrape(server.soapPort)
  })

  afterAll(async () => {
    for (const peer of peers) await peer.close()
    await listener?.close()
    await server?.close()
  })

  test('every request is counted by verb and outcome, by whichever protocol it came', () => {
    expect(Object.fromEntries(series)).toMatchObject({
      'dms_requests_total{verb="SEND",outcome="ok"}': 5 + 3 + 1,
      'dms_requests_total{verb="SEND",outcome="no-such-user"}': 2,
      // One by the original protocol, two by a session.
      'dms_requests_total{verb="SEND",outcome="not-connected"}': 3,
      'dms_requests_total{verb="REGISTER",outcome="ok"}': 5,
      'dms_requests_total{verb="REGISTER",outcome="user-exists"}': 1,
      'dms_requests_total{verb="CONNECT",outcome="ok"}': 3,
      'dms_requests_total{verb="CONNECT",outcome="no-such-user"}': 1,
      'dms_requests_total{verb="AUTH",outcome="not-authenticated"}': 1,
      'dms_requests_total{verb="USERS",outcome="ok"}': 1,
      'dms_requests_total{verb="PING",outcome="ok"}': 1,
    })
  })

  test('each message that was accepted, and each that was delivered, has its time', () => {
    expect(series.get('dms_send_to_synced_seconds_count')).toBe(9)
    expect(series.get('dms_send_to_synced_seconds_bucket{le="+Inf"}')).toBe(9)
    expect(series.get('dms_send_to_synced_seconds_sum')).toBeGreaterThan(0)
    expect(series.get('dms_accepted_to_delivered_seconds_count')).toBe(6)
  })

  test('what waits is what was neither confirmed nor fetched', () => {
    expect(Object.fromEntries(series)).toMatchObject({
      dms_accounts: 5,
      // Five receipts for alice, one for bertram, three messages for dorothy.
      dms_waiting_items: 9,
      dms_waiting_bytes: 3 * 'twelve bytes'.length,
      dms_waiting_largest_mailbox_items: 5,
    })
    expect(series.get('dms_waiting_oldest_message_seconds')).toBeGreaterThan(0)
  })

  test('sessions and connections are those that are open, and those that were', () => {
    expect(Object.fromEntries(series)).toMatchObject({
      dms_sessions_open: 3,
      dms_sessions_gone_total: 0,
      'dms_connections_open{protocol="session"}': 3,
      'dms_connections_total{protocol="session"}': 3,
      'dms_connections_total{protocol="legacy"}': 7,
      'dms_connections_total{protocol="http"}': 4,
      dms_connections_refused_total: 0,
    })
  })

  test('commits, dials, failures and the state of the store are told', () => {
    expect(Object.fromEntries(series)).toMatchObject({
      'dms_push_dials_total{outcome="delivered"}': 1,
      'dms_push_dials_total{outcome="refused"}': 0,
      'dms_authentication_failures_total{code="not-authenticated"}': 1,
      'dms_authentication_failures_total{code="try-again"}': 0,
      'dms_soap_faults_total{code="Sender"}': 1,
      'dms_soap_faults_total{code="415"}': 1,
      'dms_soap_requests_total{operation="-",outcome="Sender"}': 1,
      'dms_soap_requests_total{operation="-",outcome="415"}': 1,
      'dms_soap_requests_total{operation="remove_spaces",outcome="ok"}': 1,
      'dms_soap_request_seconds_count{operation="-"}': 2,
      'dms_soap_request_seconds_count{operation="remove_spaces"}': 1,
      dms_internal_errors_total: 0,
      dms_store_healthy: 1,
    })
    // Each of five REGISTERs, and the SENDs that came one by one, at least.
    expect(series.get('dms_commit_seconds_count')).toBeGreaterThanOrEqual(10)
    expect(series.get('dms_commit_bytes_count')).toBe(series.get('dms_commit_seconds_count'))
    expect(series.get('dms_commit_bytes_sum')).toBeGreaterThan(36)
    expect(series.get('process_cpu_seconds_total')).toBeGreaterThan(0)
  })

  test('no name, address or text is in it', () => {
    const text = [...series.keys()].join('\n')
    expect(text).not.toMatch(/alice|bertram|charles|dorothy|eleanor|nobody|hello|127\.0/)
  })

  test('a session that is lost is counted, and its connection no longer open', async () => {
    const frances = await present('frances')
    await frances.close()
    // Nothing tells a client that the server has seen the end of it: asked until it has.
    let now: Series
    do now = await scrape(server.soapPort)
    while (now.get('dms_sessions_gone_total') !== 1)
    expect(now.get('dms_sessions_open')).toBe(3)
    expect(now.get('dms_connections_total{protocol="session"}')).toBe(4)
  })
})

test('a server with --metrics off has no /metrics', async () => {
  const server = await startRestartableServer('--backend', 'memory', '--metrics', 'off')
  const answer = await fetch(`http://127.0.0.1:${server.soapPort}/metrics`, {
    headers: { connection: 'close' },
  })
  expect(answer.status).toBe(404)
  await server.close()
})
