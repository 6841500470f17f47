import { parseStringPromise, processors } from 'xml2js'
import { PASSWORD_TEXT, WSSE } from '../../src/soap/ws-security.ts'

export const MESSAGING = 'urn:dms:messaging:1'
/** The password of every account that has one. */
export const PASSWORD = 'correct horse'

export type Version = '1.1' | '1.2'
export const VERSIONS: readonly Version[] = ['1.1', '1.2']
/** What each version says in HTTP and XML. */
export const MEDIA = {
  '1.1': { namespace: 'http://schemas.xmlsoap.org/soap/envelope/', type: 'text/xml' },
  '1.2': { namespace: 'http://www.w3.org/2003/05/soap-envelope', type: 'application/soap+xml' },
} as const

/** XML as xml2js gives it, without prefixes and attributes. */
export type Tree = string | { readonly [name: string]: Tree | readonly Tree[] }

/** An answer: a result, or a fault in one shape for both versions. */
export interface Answer {
  readonly status: number
  readonly xml: string
  /** What is in the response element. */
  readonly result: Readonly<Record<string, Tree | readonly Tree[]>> | undefined
  readonly fault:
    | {
        readonly code: string
        readonly subcode: string | undefined
        readonly reason: string
        /** The element in the detail, and what is in it. */
        readonly name: string | undefined
        readonly detail: Readonly<Record<string, string>>
      }
    | undefined
}

/** How a call is made. */
export interface CallOptions {
  readonly version?: Version
  /** XML of header blocks. */
  readonly header?: string
  readonly authorization?: string
  readonly address?: string
  readonly secure?: boolean
  /** Aborted: the caller has gone. */
  readonly gone?: AbortSignal
}

/** A wsse:Security header with a UsernameToken. */
export function usernameToken(name: string, password: string | undefined, more = ''): string {
  const secret =
    password === undefined
      ? ''
      : `<wsse:Password Type="${PASSWORD_TEXT}">${escapeText(password)}</wsse:Password>`
  return `<wsse:Security xmlns:wsse="${WSSE}"><wsse:UsernameToken><wsse:Username>${escapeText(name)}</wsse:Username>${secret}${more}</wsse:UsernameToken></wsse:Security>`
}

export function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** The body's element of an operation. */
export function request(
  operation: string,
  fields: Readonly<Record<string, string | number | undefined>>,
): string {
  const children = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${escapeText(String(value))}</${name}>`)
  return `<${operation} xmlns="${MESSAGING}">${children.join('')}</${operation}>`
}

/** The whole document of a call. */
export function envelope(body: string, { version = '1.1', header }: CallOptions): string {
  const block = header === undefined ? '' : `<s:Header>${header}</s:Header>`
  return `<s:Envelope xmlns:s="${MEDIA[version].namespace}">${block}<s:Body>${body}</s:Body></s:Envelope>`
}

/** What may stand there many times, once or not at all. */
export function listOf<One>(value: unknown): readonly One[] {
  if (value === undefined || value === '') return []
  return (Array.isArray(value) ? value : [value]) as readonly One[]
}

/** Reads an answer of either version. */
export async function readAnswer(status: number, xml: string): Promise<Answer> {
  const { Envelope } = (await parseStringPromise(xml, {
    tagNameProcessors: [processors.stripPrefix],
    explicitArray: false,
    ignoreAttrs: true,
    includeWhiteChars: true,
  })) as { Envelope: { Body: Record<string, Tree> } }
  const [[name, content] = ['', '']] = Object.entries(Envelope.Body)
  if (name !== 'Fault') {
    return { status, xml, result: typeof content === 'string' ? {} : content, fault: undefined }
  }
  const found = content as unknown as {
    faultcode?: string
    faultstring?: string
    detail?: Record<string, Record<string, string>>
    Code?: { Value: string; Subcode?: { Value: string } }
    Reason?: { Text: string }
    Detail?: Record<string, Record<string, string>>
  }
  const [[element, inside] = [undefined, {}]] = Object.entries(found.detail ?? found.Detail ?? {})
  const local = (qname: string | undefined): string | undefined => qname?.replace(/^\w+:/, '')
  const code = local(found.faultcode ?? found.Code?.Value) ?? ''
  return {
    status,
    xml,
    result: undefined,
    fault: {
      code,
      subcode: local(found.Code?.Subcode?.Value),
      reason: found.faultstring ?? found.Reason?.Text ?? '',
      name: element,
      detail: inside,
    },
  }
}
