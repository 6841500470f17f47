import type { ElementCodec } from '../../src/soap/codec.ts'
import type { SoapContext } from '../../src/soap/context.ts'
import type { PortType } from '../../src/soap/dispatch.ts'
import { createSoapEndpoint } from '../../src/soap/endpoint.ts'
import type { SoapResponse } from '../../src/soap/exchange.ts'
import type { SoapFailure } from '../../src/soap/failure.ts'
import { SoapFault, TypedFault } from '../../src/soap/fault.ts'
import { DEFAULT_SOAP_LIMITS } from '../../src/soap/limits.ts'
import { LOCAL } from './callers.ts'
import { readLetters } from './letters-contract.ts'
import { envelope, VERSION_NAMES, VERSIONS, type Version } from './text-server.ts'

const caller = { ...LOCAL, secure: true }
const SEND = '<Send xmlns="urn:letters"><to>anna</to><to> ben </to></Send>'

/** An endpoint for letters that understands the header block `sender`. */
async function open(send: PortType[string]) {
  const contract = await readLetters()
  const sender: ElementCodec = contract.schemas.element({ namespace: 'urn:letters', local: 'sender' })
  const failures: SoapFailure[] = []
  const endpoint = createSoapEndpoint({
    contract,
    portType: { Send: send },
    limits: DEFAULT_SOAP_LIMITS,
    headers: [sender],
    onFault: (failure) => failures.push(failure),
  })
  const call = async (
    version: Version,
    body: string,
    header = '',
  ): Promise<SoapResponse & { text: string }> => {
    const response = await endpoint.handle({
      caller,
      contentType: VERSIONS[version].mediaType,
      contentEncoding: undefined,
      acceptEncoding: undefined,
      soapAction: undefined,
      body: Buffer.from(envelope(version, body, header && `<s:Header>${header}</s:Header>`)),
    })
    return { ...response, text: String(response.body) }
  }
  return { sender, failures, call }
}

describe.each(VERSION_NAMES)('an operation called with SOAP %s', (version) => {
  test('gets its input by the contract, and its result is written by it', async () => {
    const inputs: unknown[] = []
    const { call } = await open((input: { to: string[] }) => {
      inputs.push(input)
      return { count: input.to.length }
    })
    expect((await call(version, SEND)).text).toContain(
      '<SendResponse xmlns="urn:letters"><count>2</count></SendResponse>',
    )
    await call(version, '<Send xmlns="urn:letters"><to>anna</to><sealed>QUI=</sealed></Send>')
    expect(inputs).toEqual([{ to: ['anna', 'ben'] }, { to: ['anna'], sealed: Buffer.from('AB') }])
  })

  test('throws a fault that the contract declares, with its detail', async () => {
    const { call, failures } = await open(() => {
      throw new TypedFault('NoSuchPerson', 'there is no ben', { name: 'ben' })
    })
    const reply = await call(version, SEND)
    const id = failures[0]?.correlationId
    expect(reply.status).toBe(VERSIONS[version].senderStatus)
    expect(reply.text).toContain(
      `etail><noSuchPerson xmlns="urn:people"><name>ben</name><correlationId>${id}</correlationId></noSuchPerson></`,
    )
    expect(reply.text).toContain('there is no ben')
    expect(failures[0]).toMatchObject({
      code: 'Sender',
      operation: 'Send',
      fault: 'NoSuchPerson',
      cause: undefined,
    })
  })

  test.each([
    ['that it does not declare', () => new TypedFault('Other', 'secret')],
    [
      'whose detail the contract does not allow',
      () => new TypedFault('NoSuchPerson', 'secret', { name: 'NOBODY' }),
    ],
  ])('and one %s is a fault of the receiver that says nothing', async (_, fault) => {
    const { call, failures } = await open(() => {
      throw fault()
    })
    const reply = await call(version, SEND)
    expect([reply.status, failures[0]?.code]).toEqual([500, 'Receiver'])
    expect(reply.text).not.toContain('secret')
    expect(failures[0]?.cause).toBeInstanceOf(TypeError)
  })

  test('gets what was made of a header block that is understood', async () => {
    const seen: unknown[] = []
    const opened = await open((_: unknown, context: SoapContext) => {
      seen.push(context.header(opened.sender), context.secure)
      return { count: 0 }
    })
    const block = '<l:sender xmlns:l="urn:letters" s:mustUnderstand="1"><l:name>carl</l:name></l:sender>'
    expect((await opened.call(version, SEND, block)).status).toBe(200)
    expect((await opened.call(version, SEND)).status).toBe(200)
    expect(seen).toEqual([{ name: 'carl' }, true, undefined, true])
  })

  test('is not reached when a header block is wrong, twice, or not understood', async () => {
    const { call, failures } = await open(() => {
      throw new Error('reached')
    })
    const good = '<l:sender xmlns:l="urn:letters"><l:name>carl</l:name></l:sender>'
    const bad = '<l:sender xmlns:l="urn:letters"><l:name><x><y/></x></l:name></l:sender>'
    const unknown = '<x:a xmlns:x="urn:x" s:mustUnderstand="1"/>'
    await call(version, SEND, bad)
    await call(version, SEND, good + good)
    // The block that is not understood comes first, wherever it stands.
    await call(version, SEND, bad + unknown)
    await call(version, SEND, bad + bad.replace('l:sender ', 'l:other ').replace('</l:sender', '</l:other'))
    expect(failures.map(({ code }) => code)).toEqual(['Sender', 'Sender', 'MustUnderstand', 'Sender'])
  })

  test('whose handler refuses a block answers with that', async () => {
    const contract = await readLetters()
    const endpoint = createSoapEndpoint({
      contract,
      portType: { Send: () => ({ count: 0 }) },
      limits: DEFAULT_SOAP_LIMITS,
      headers: [
        {
          name: { namespace: 'urn:x', local: 'token' },
          decode() {
            throw new SoapFault('Sender', 'the token is not good')
          },
        },
      ],
    })
    const body = Buffer.from(
      envelope(version, SEND, '<s:Header><token xmlns="urn:x"><a>b</a></token></s:Header>'),
    )
    const request = {
      caller,
      contentEncoding: undefined,
      acceptEncoding: undefined,
      soapAction: undefined,
      body,
    }
    const reply = await endpoint.handle({ ...request, contentType: VERSIONS[version].mediaType })
    expect(String(reply.body)).toContain('the token is not good')
  })
})
