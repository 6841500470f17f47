import { fileURLToPath } from 'node:url'
import supertest from 'supertest'
import { parseStringPromise, processors } from 'xml2js'
import { textPortType } from '../../src/port-types/text.ts'
import type { ProxyTrust } from '../../src/soap/caller-origin.ts'
import { type Contract, readContract } from '../../src/soap/contract.ts'
import type { PortType } from '../../src/soap/dispatch.ts'
import { createSoapEndpoint, type SoapEndpoint } from '../../src/soap/endpoint.ts'
import type { SoapFailure } from '../../src/soap/failure.ts'
import { createFastHttp, type FastHttpOptions } from '../../src/soap/fast-http.ts'
import { HeldBytes } from '../../src/soap/held-bytes.ts'
import { createSoapHttpHandler } from '../../src/soap/http-handler.ts'
import { DEFAULT_SOAP_LIMITS, type SoapLimits } from '../../src/soap/limits.ts'
import { type HttpServer, type HttpServerOptions, openHttpServer } from '../../src/web/http-server.ts'
import { createWebApp, type WebAppOptions } from '../../src/web/web-app.ts'

export const WSDL_PATH = fileURLToPath(new URL('../../wsdl/text.wsdl', import.meta.url))
export const NS_11 = 'http://schemas.xmlsoap.org/soap/envelope/'
export const NS_12 = 'http://www.w3.org/2003/05/soap-envelope'
export const TEXT = 'urn:dms:text:1'
export const ORIGINAL = 'http://tests.python-zeep.org/'
const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

/** What each version says in HTTP, and in which words. */
export const VERSIONS = {
  '1.1': { namespace: NS_11, mediaType: 'text/xml', sender: 'Client', receiver: 'Server', senderStatus: 500 },
  '1.2': {
    namespace: NS_12,
    mediaType: 'application/soap+xml',
    sender: 'Sender',
    receiver: 'Receiver',
    senderStatus: 400,
  },
} as const
export type Version = keyof typeof VERSIONS
export const VERSION_NAMES: readonly Version[] = ['1.1', '1.2']

/** A text server on a free port of 127.0.0.1, and what it told its log. */
export interface TextServer extends HttpServer {
  readonly url: string
  readonly contract: Contract
  readonly failures: readonly SoapFailure[]
}

export interface TextServerOptions {
  readonly limits?: Partial<SoapLimits>
  readonly portType?: PortType
  /** More endpoints, by path. */
  readonly others?: ReadonlyMap<string, SoapEndpoint>
  /** How many bytes of bodies may be held at a time. Default: any number. */
  readonly heldBytes?: number
  /** False: all goes to node:http. */
  readonly fast?: boolean
  /** Which proxies are believed. */
  readonly trusts?: ProxyTrust
  readonly web?: Partial<WebAppOptions>
  readonly http?: Partial<HttpServerOptions>
}

export async function openTextServer(options: TextServerOptions = {}): Promise<TextServer> {
  const contract = await readContract({ wsdlPath: WSDL_PATH })
  const failures: SoapFailure[] = []
  const endpoint = createSoapEndpoint({
    contract,
    portType: options.portType ?? textPortType,
    limits: { ...DEFAULT_SOAP_LIMITS, ...options.limits },
    onFault: (failure) => failures.push(failure),
  })
  const endpoints = new Map([['/', endpoint], ...(options.others ?? [])])
  const held = new HeldBytes(options.heldBytes ?? Number.POSITIVE_INFINITY)
  const answerTimeoutMs = options.http?.requestTimeoutMs ?? 10_000
  const trusts = options.trusts ?? (() => false)
  const server = await openHttpServer({
    host: '127.0.0.1',
    port: 0,
    endpoints: new Map(
      [...endpoints].map(([path, one]) => [
        path,
        createSoapHttpHandler(one, { held, answerTimeoutMs, trusts }),
      ]),
    ),
    app: createWebApp({ services: new Map([['/', contract]]), failure: () => undefined, ...options.web }),
    ...(options.fast === false
      ? {}
      : {
          fastPath: (fast: Pick<FastHttpOptions, 'handOver' | 'requestTimeoutMs'>) =>
            createFastHttp({ endpoints, held, trusts, ...fast }),
        }),
    ...options.http,
  })
  return { ...server, url: `http://127.0.0.1:${server.port}`, contract, failures }
}

/** XML for these characters that nothing on the way changes. */
export function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** An envelope around what Body contains. */
export function envelope(version: Version, body: string, header = ''): string {
  return `<s:Envelope xmlns:s="${VERSIONS[version].namespace}">${header}<s:Body>${body}</s:Body></s:Envelope>`
}

/** The body's element of `remove_spaces`; `string` is XML. */
export function removeSpaces(string: string): string {
  return `<t:remove_spaces xmlns:t="${TEXT}"><t:string>${string}</t:string></t:remove_spaces>`
}

/** The body's element of `remove`; `content` is XML in the operation's namespace, with xsi declared. */
export function remove(content: string): string {
  return `<remove xmlns="${ORIGINAL}" xmlns:xsi="${XSI}">${content}</remove>`
}

interface Element {
  readonly $?: Readonly<Record<string, string>>
  readonly _?: string
  readonly [child: string]: unknown
}

/** A reply: HTTP's part, and the XML with prefixes taken off. */
export interface Reply {
  readonly status: number
  readonly type: string
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly namespace: string | undefined
  /** The only child of Body. */
  readonly content: Element | undefined
}

function element(parent: unknown, name: string): Element | undefined {
  const children = (parent as Record<string, unknown[]> | undefined)?.[name]
  const child = children?.[0]
  return typeof child === 'string' ? { _: child } : (child as Element | undefined)
}

/** The element down a path of names. */
export function at(parent: unknown, ...path: readonly string[]): Element | undefined {
  return path.reduce<unknown>((inner, name) => element(inner, name), parent) as Element | undefined
}

/** POSTs a body as it is. */
export async function postBytes(
  url: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
): Promise<Reply> {
  const response = await supertest(url)
    .post('/')
    .set(headers)
    .serialize((raw: unknown) => raw as string)
    .buffer(true)
    .parse((stream, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => done(null, Buffer.concat(chunks).toString()))
    })
    .send(body as string)
  const text = response.body as string
  const type = response.headers['content-type'] ?? ''
  const isXml = type.includes('xml')
  const parsed = isXml
    ? await parseStringPromise(text, {
        tagNameProcessors: [processors.stripPrefix],
        includeWhiteChars: true,
        xmlns: false,
      })
    : undefined
  return {
    status: response.status,
    type,
    headers: response.headers as Record<string, string>,
    text,
    namespace: isXml ? /<(?:\w+:)?Envelope xmlns(?::\w+)?="([^"]*)"/.exec(text)?.[1] : undefined,
    content: parsed === undefined ? undefined : (parsed.Envelope as Element),
  }
}

/** POSTs a document with its version's media type. */
export function post(
  url: string,
  version: Version,
  document: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return postBytes(url, Buffer.from(document), {
    'Content-Type': `${VERSIONS[version].mediaType}; charset=utf-8`,
    ...headers,
  })
}

/** The text of a result, undefined where the reply has none. */
export function resultOf(reply: Reply, operation: string): string | undefined {
  const found = at(reply.content, 'Body', `${operation}Response`, `${operation}Result`)
  return found === undefined ? undefined : (found._ ?? '')
}

/** The server answers the next caller, exactly: to be asked after each attack. */
export async function expectAlive({ url }: TextServer): Promise<void> {
  const reply = await post(url, '1.1', envelope('1.1', removeSpaces(' still   here ')))
  expect(resultOf(reply, 'remove_spaces')).toBe('still here')
}

/** A fault in one shape for both versions. */
export interface ReadFault {
  readonly code: string | undefined
  readonly reason: string | undefined
  readonly location: string | undefined
  readonly correlationId: string | undefined
}

/** The fault of a reply of this version; undefined where there is none. */
export function faultOf(reply: Reply, version: Version): ReadFault | undefined {
  const fault = at(reply.content, 'Body', 'Fault')
  if (fault === undefined || reply.namespace !== VERSIONS[version].namespace) return undefined
  const paths =
    version === '1.1'
      ? { code: ['faultcode'], reason: ['faultstring'], detail: ['detail'] }
      : { code: ['Code', 'Value'], reason: ['Reason', 'Text'], detail: ['Detail'] }
  return {
    code: at(fault, ...paths.code)?._?.replace(/^\w+:/, ''),
    reason: at(fault, ...paths.reason)?._,
    location: at(fault, ...paths.detail, 'problem', 'location')?._,
    correlationId: at(fault, ...paths.detail, 'problem', 'correlationId')?._,
  }
}
