import { Agent, request as post } from 'node:http'
import { openPipedClient, PROTOCOLS, runScript } from '../../support/command-line.ts'
import { type Answer, envelope, listOf, readAnswer, request } from '../../support/messaging-calls.ts'
import { type RestartableServer, startRestartableServer } from '../../support/restartable-server.ts'

/** The server as it is started by people, over real HTTP connections. */
describe('/messaging of a server', () => {
  let server: RestartableServer
  const agent = new Agent({ keepAlive: true })
  beforeAll(async () => {
    server = await startRestartableServer()
  })
  afterAll(async () => {
    agent.destroy()
    await server.close()
  })

  /** A call, and a way to hang up on it. */
  function call(body: string, user?: string, password = 'pass word') {
    const authorization = user === undefined ? {} : { Authorization: `Basic ${btoa(`${user}:${password}`)}` }
    const document = envelope(body, {})
    const headers = {
      'Content-Type': 'text/xml; charset=utf-8',
      'Content-Length': Buffer.byteLength(document),
      ...authorization,
    }
    const sent = post({
      port: server.soapPort,
      host: '127.0.0.1',
      path: '/messaging',
      method: 'POST',
      headers,
      agent,
    })
    const answer = new Promise<Answer>((resolve, reject) => {
      sent.on('error', reject)
      sent.on('response', async (response) => {
        let xml = ''
        for await (const chunk of response.setEncoding('utf8')) xml += chunk
        resolve(readAnswer(response.statusCode ?? 0, xml))
      })
    })
    sent.end(document)
    return { answer, hangUp: () => sent.destroy() }
  }

  const register = (userName: string) => call(request('Register', { userName, password: 'pass word' })).answer
  const send = (user: string, recipient: string, text: string, clientMessageId?: string) =>
    call(request('Send', { recipient, text, clientMessageId }), user).answer
  const receive = (user: string, waitSeconds: number, password?: string) =>
    call(request('Receive', { maxMessages: 10, waitSeconds }), user, password)
  const flags = () => ['-p', String(server.port), '--wsdl', server.wsdl]

  test('has its WSDL and stands on the services page', async () => {
    const wsdl = await (await fetch(`http://127.0.0.1:${server.soapPort}/messaging?wsdl`)).text()
    expect(wsdl).toContain(`location="http://127.0.0.1:${server.soapPort}/messaging"`)
    const page = await (await fetch(`http://127.0.0.1:${server.soapPort}/messaging`)).text()
    for (const name of ['Register', 'Acknowledge', 'remove_spaces']) expect(page).toContain(name)
    // SendAttachment's.
    expect(page.match(/<input data-file type="file">/g)).toHaveLength(1)
  })

  test.each(PROTOCOLS)(
    'what a program sends by SOAP is shown by the command line (%s), and the other way round, with receipts',
    async (protocol, more) => {
      const [ada, name] = [`ada-${protocol}`, `bob-${protocol}`]
      expect((await register(ada)).status).toBe(200)
      await runScript([`REGISTER ${name}`], ...flags(), ...more)
      const bob = openPipedClient(...flags(), ...more)
      bob.type(`CONNECT ${name}`)
      await bob.until(/^CONNECT OK$/m)
      expect((await send(ada, name, 'hi by SOAP', 'r')).result).toMatchObject({ clientMessageId: 'r' })
      await bob.until(/^MESSAGE \d+ FROM ada-\w+ :\n {2}hi by SOAP\nEND$/m)
      const [receipt] = listOf<{ seq: string }>((await receive(ada, 60).answer).result?.entry)
      expect(receipt).toMatchObject({ receipt: { clientMessageId: 'r', recipient: name } })
      await call(request('Acknowledge', { seq: Number(receipt?.seq) }), ada).answer

      bob.type(`SEND ${ada} hi   by   prompt`)
      const [entry] = listOf<{ seq: string; message: object }>((await receive(ada, 60).answer).result?.entry)
      expect(entry?.message).toMatchObject({ sender: name, text: 'hi by prompt' })
      await call(request('Acknowledge', { seq: Number(entry?.seq) }), ada).answer
      await bob.until(/^SEND MESSAGE id \d+ OK$/m)
      await bob.end()
    },
  )

  test('who is connected by the original protocol is present to SOAP, and the other way round', async () => {
    await register('ada')
    const leo = openPipedClient(...flags(), '--legacy')
    leo.type('REGISTER leo', 'CONNECT leo')
    await leo.until(/^CONNECT OK$/m)
    expect((await receive('leo', 0, '').answer).fault?.name).toBe('UserAlreadyConnected')
    leo.type('DISCONNECT leo')
    await leo.until(/^DISCONNECT OK$/m)
    const waiting = receive('leo', 60, '').answer
    const online = async () => {
      const users = await call(request('ListUsers', { prefix: 'leo' }), 'ada').answer
      return listOf<{ online: string }>(users.result?.user)[0]?.online === 'true'
    }
    while (!(await online()));
    leo.type('CONNECT leo')
    await leo.until(/^USER ALREADY CONNECTED$/m)
    await send('ada', 'leo', 'for SOAP')
    expect((await waiting).result?.entry).toMatchObject({ message: { text: 'for SOAP' } })
    await leo.end()
  })

  test('who hangs up while waiting is not waited for', async () => {
    await register('carol')
    const first = receive('carol', 60)
    first.answer.catch(() => {})
    const online = async () => {
      const users = await call(request('ListUsers', { prefix: 'carol' }), 'carol').answer
      return listOf<{ online: string }>(users.result?.user)[0]?.online === 'true'
    }
    while (!(await online()));
    expect((await receive('carol', 0).answer).fault?.name).toBe('UserAlreadyConnected')
    first.hangUp()
    let again = await receive('carol', 0).answer
    while (again.fault?.name === 'UserAlreadyConnected') again = await receive('carol', 0).answer
    expect(again.status).toBe(200)
    await send('ada', 'carol', 'still here')
    expect((await receive('carol', 0).answer).result?.entry).toMatchObject({
      message: { text: 'still here' },
    })
  })

  test('what is acknowledged to the sender is there after the server was killed', async () => {
    await register('dan')
    expect((await send('ada', 'dan', 'durable', 'd')).status).toBe(200)
    await server.kill()
    await server.restart()
    expect((await send('ada', 'dan', 'durable', 'd')).status).toBe(200)
    const entries = listOf((await receive('dan', 0).answer).result?.entry)
    expect(entries).toMatchObject([{ message: { text: 'durable' } }])
  })

  test('requests beyond what one address may ask are refused, as those of sessions are', async () => {
    await server.close()
    server = await startRestartableServer('--max-requests-per-second', '10')
    const answers = await Promise.all(Array.from({ length: 50 }, () => send('ada', 'nobody', 'x')))
    const names = answers.map(({ fault }) => fault?.name)
    expect(names.filter((name) => name === 'TemporarilyUnavailable').length).toBeGreaterThan(0)
    expect(names.filter((name) => name !== 'TemporarilyUnavailable').length).toBeGreaterThan(0)
  })
})
