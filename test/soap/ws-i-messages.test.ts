import { XmlDocument, XmlElement } from 'libxml2-wasm'
import {
  envelope,
  NS_11,
  openTextServer,
  post,
  type Reply,
  remove,
  removeSpaces,
  type TextServer,
} from './text-server.ts'

const SOAP = { s: NS_11 }
const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

/** What is asked, and what it is answered: nothing, or the code of a fault. */
const ASKED: readonly (readonly [kind: string, document: string, faultcode: string | undefined])[] = [
  ['a request', envelope('1.1', removeSpaces(' a  b\r')), undefined],
  ['a request for nil', envelope('1.1', remove('<string xsi:nil="true"/>')), undefined],
  ['a request that breaks the schema', envelope('1.1', removeSpaces('<a/>')), 'Client'],
  ['one that is not well-formed', envelope('1.1', '<a>'), 'Client'],
  ['an empty body', envelope('1.1', ''), 'Client'],
  ['an operation that there is not', envelope('1.1', '<a xmlns="urn:a"/>'), 'Client'],
  ['one that the server fails at', envelope('1.1', removeSpaces('fail')), 'Server'],
  [
    'a header that must be understood',
    envelope('1.1', removeSpaces('a'), '<s:Header><a xmlns="urn:a" s:mustUnderstand="1"/></s:Header>'),
    'MustUnderstand',
  ],
  ['another namespace', envelope('1.1', removeSpaces('a')).replace(NS_11, 'urn:a'), 'VersionMismatch'],
]

function elements(document: XmlDocument, path: string): readonly XmlElement[] {
  return document.find(path, SOAP).filter((found) => found instanceof XmlElement)
}

const named = ({ namespaceUri, name }: XmlElement) => `{${namespaceUri}}${name}`

/** The Basic Profile 1.1's requirements for a reply, and what breaks them. */
const RULES: readonly (readonly [
  rules: string,
  says: string,
  broken: (document: XmlDocument, reply: Reply) => readonly unknown[],
])[] = [
  [
    'R1000 R1001 R2723',
    'a fault has the four children that SOAP 1.1 knows, in no namespace',
    (document) =>
      elements(document, '//s:Fault/*')
        .map(named)
        .filter((name) => !/^\{\}(faultcode|faultstring|faultactor|detail)$/.test(name)),
  ],
  [
    'R1004',
    'its code is one of SOAP 1.1, without a dot',
    (document) =>
      elements(document, '//faultcode')
        .map(({ content }) => content)
        .filter((code) => !/^\w+:(VersionMismatch|MustUnderstand|Client|Server)$/.test(code)),
  ],
  [
    'R1005 R1006 R1007',
    'nothing has an encodingStyle',
    (document) => document.find('//@s:encodingStyle', SOAP),
  ],
  ['R1008', 'there is no document type', (_, { text }) => text.match(/<!DOCTYPE/) ?? []],
  ['R1009', 'there is no processing instruction', (document) => document.find('//processing-instruction()')],
  [
    'R1011',
    'nothing follows the Body',
    (document) => document.find('/s:Envelope/s:Body/following-sibling::*', SOAP),
  ],
  [
    'R1012 R1018 R4001',
    'it is UTF-8, and the media type says so',
    (_, { type, text }) =>
      type === 'text/xml; charset=utf-8' && text.startsWith('<?xml version="1.0" encoding="utf-8"?>')
        ? []
        : [type],
  ],
  [
    'R1014',
    'what the Body contains is in a namespace',
    (document) =>
      elements(document, '/s:Envelope/s:Body/*')
        .map(named)
        .filter((name) => name.startsWith('{}')),
  ],
  [
    'R1017',
    'no reader has to know types from xsi:type',
    (document) => document.find('//@xsi:type', { xsi: XSI }),
  ],
  [
    'R2201 R2712',
    'the Body contains one element',
    (document) => (elements(document, '/s:Envelope/s:Body/*').length === 1 ? [] : ['more, or none']),
  ],
  [
    'R1111 R1126',
    'the status is 200, or 500 for a fault',
    (document, { status }) =>
      status === (elements(document, '//s:Fault').length === 0 ? 200 : 500) ? [] : [status],
  ],
]

describe('answers to SOAP 1.1, by WS-I Basic Profile 1.1', () => {
  let server: TextServer
  beforeAll(async () => {
    server = await openTextServer({
      portType: {
        remove: () => ({ removeResult: null }),
        remove_spaces({ string }: { readonly string: string }) {
          if (string === 'fail') throw new Error('secret')
          return { remove_spacesResult: string }
        },
      },
    })
  })
  afterAll(() => server?.close())

  describe.each(ASKED)('%s', (_kind, asked, faultcode) => {
    let reply: Reply
    let document: XmlDocument
    beforeAll(async () => {
      reply = await post(server.url, '1.1', asked)
      document = XmlDocument.fromString(reply.text)
    })
    afterAll(() => document?.dispose())

    test(`is answered ${faultcode === undefined ? 'without a fault' : `by a fault of ${faultcode}`}`, () => {
      expect(elements(document, '//faultcode').map(({ content }) => content)).toEqual(
        faultcode === undefined ? [] : [expect.stringMatching(new RegExp(`:${faultcode}$`))],
      )
    })

    test.each(RULES)('%s: %s', (_rules, _says, broken) => {
      expect(broken(document, reply)).toEqual([])
    })
  })
})
