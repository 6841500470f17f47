import { Agent, get, request as post } from 'node:https'
import { join } from 'node:path'
import soap from 'soap'
import { makeCertificate } from '../../support/certificate.ts'
import { describeWith } from '../../support/describe-with.ts'
import { fileBytes } from '../../support/files.ts'
import { request } from '../../support/messaging-calls.ts'
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts'
import { makeTempFolder, removeTempFolders } from '../../support/temp-folder.ts'
import { contentType, include, multipart, part, readMultipart } from '../mtom/packages.ts'
import { rootOf, sendAttachment } from './attachments-bed.ts'

const PASSWORD = 'pass word'

/** The server as it is started by people, with a certificate. */
describeWith('openssl')('SOAP over the HTTPS port of a server', () => {
  let server: ServerProcess
  let httpsAgent: Agent
  let base: string
  beforeAll(async () => {
    const folder = await makeTempFolder()
    const { certFile, keyFile, cert } = makeCertificate(folder, 'soap')
    server = await startServerProcess({
      folder: join(folder, 'data'),
      flags: ['--https-port', '0', '--tls-cert', certFile, '--tls-key', keyFile],
    })
    base = `https://127.0.0.1:${(await server.logged('started')).httpsPort}`
    // Nothing else vouches for the certificate.
    httpsAgent = new Agent({ ca: cert, keepAlive: true })
  })
  afterAll(async () => {
    httpsAgent?.destroy()
    await server?.kill()
    await removeTempFolders()
  })

  /** The text of a page. */
  function read(url: string): Promise<string> {
    return new Promise((resolve, reject) => {
      get(url, { agent: httpsAgent }, async (response) => {
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) text += chunk
        resolve(text)
      }).on('error', reject)
    })
  }

  test.each(['/', '/messaging'])('the WSDL of %s says where the service is over HTTPS', async (path) => {
    const places = (await read(`${base}${path}?wsdl`)).match(/(?<=<soap(?:12)?:address location=")[^"]*/g)
    expect(new Set(places)).toEqual(new Set([`${base}${path}`]))
  })

  test.each([
    ['1.1', 'ada', {}],
    ['1.2', 'bob', { forceSoap12Headers: true }],
  ])('node-soap registers, sends and lists with a UsernameToken in SOAP %s', async (_, user, version) => {
    const client = await soap.createClientAsync(`${base}/messaging?wsdl`, {
      wsdl_options: { httpsAgent },
      disableCache: true,
      ...version,
    })
    const call = async (operation: string, input: object) =>
      (await client[`${operation}Async`](input, { httpsAgent }))[0]
    await call('Register', { userName: user, password: PASSWORD })

    client.setSecurity(new soap.WSSecurity(user, PASSWORD))
    const sent = await call('Send', { recipient: user, text: 'note to self', clientMessageId: 'n' })
    expect(sent).toMatchObject({ clientMessageId: 'n' })
    expect((await call('ListUsers', { prefix: user })).user).toMatchObject([{ name: user }])

    client.setSecurity(new soap.WSSecurity(user, 'wrong'))
    await expect(call('ListUsers', {})).rejects.toThrow('user or secret is wrong')
  })

  test('a file goes and comes by MTOM, of a caller who is told by HTTP Basic', async () => {
    const call = (body: string, ...files: readonly Buffer[]) =>
      new Promise<{ readonly contentType: string; readonly body: Buffer }>((resolve, reject) => {
        const root = rootOf(undefined, '1.1', body)
        const bytes = multipart([root, ...files.map((file) => part('f', file))])
        const headers = {
          'Content-Type': contentType('1.1'),
          Authorization: `Basic ${btoa(`eve:${PASSWORD}`)}`,
        }
        const sent = post(
          `${base}/messaging`,
          { method: 'POST', agent: httpsAgent, headers },
          async (reply) => {
            const chunks: Buffer[] = []
            for await (const chunk of reply) chunks.push(chunk as Buffer)
            resolve({ contentType: reply.headers['content-type'] ?? '', body: Buffer.concat(chunks) })
          },
        )
        sent.on('error', reject)
        sent.end(bytes)
      })
    const bytes = fileBytes(300_000)
    await call(request('Register', { userName: 'eve', password: PASSWORD }))
    const sent = await call(sendAttachment({ recipient: 'eve', bytes }, include('cid:f')), bytes)
    expect(String(sent.body)).toContain('<SendAttachmentResponse')
    const seq = /<seq>(\d+)</.exec(
      String((await call(request('Receive', { maxMessages: 1, waitSeconds: 0 }))).body),
    )?.[1]
    const { parts } = readMultipart(await call(request('GetAttachment', { seq })))
    expect(parts[1]?.bytes.equals(bytes)).toBe(true)
  })
})
