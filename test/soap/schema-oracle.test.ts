import fc from 'fast-check'
import { ParseOption, XmlDocument, XsdValidator } from 'libxml2-wasm'
import type { ElementCodec, SoapValue } from '../../src/soap/codec.ts'
import { SoapFault } from '../../src/soap/fault.ts'
import { DEFAULT_SOAP_LIMITS } from '../../src/soap/limits.ts'
import { TOKEN, XmlError } from '../../src/soap/scanner.ts'
import { compileSchemas } from '../../src/soap/schema.ts'
import { scanXml } from '../../src/soap/xml-scanner.ts'
import { parseXmlTree } from '../../src/soap/xml-tree.ts'

const NS = 'urn:t'

function schemaOf(inside: string): string {
  return `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="${NS}" targetNamespace="${NS}" elementFormDefault="qualified">${inside}</xs:schema>`
}

/** Our codecs of a schema, and libxml2's opinion. */
function open(schema: string) {
  const document = XmlDocument.fromString(schema, { option: ParseOption.XML_PARSE_DEFAULT })
  const validator = XsdValidator.fromDoc(document)
  const schemas = compileSchemas([parseXmlTree(schema, 'schema.xsd')])
  return {
    codec: (local: string): ElementCodec => schemas.element({ namespace: NS, local }),
    isValid(xml: string): boolean {
      let parsed: XmlDocument | undefined
      try {
        parsed = XmlDocument.fromString(xml)
        validator.validate(parsed)
        return true
      } catch {
        return false
      } finally {
        parsed?.dispose()
      }
    },
    close() {
      validator.dispose()
      document.dispose()
    },
  }
}

/** What a codec makes of a document; a refusal as what was said. */
function decode(
  codec: ElementCodec,
  xml: string,
): { readonly value: SoapValue } | { readonly refused: string } {
  try {
    const reader = scanXml(xml, DEFAULT_SOAP_LIMITS)
    reader.next()
    const { local, namespace } = reader
    if (local !== codec.name.local || namespace !== codec.name.namespace) return { refused: 'another root' }
    const value = codec.decode(reader)
    if (reader.next() !== TOKEN.eof) return { refused: 'not at the end' }
    return { value }
  } catch (error) {
    if (error instanceof SoapFault || error instanceof XmlError) return { refused: error.message }
    throw error
  }
}

/** Ours accepts a document just where libxml2 does, and writes what it read so that both read the same again. */
function expectSame(schemas: ReturnType<typeof open>, codec: ElementCodec, xml: string): boolean {
  const expected = schemas.isValid(xml)
  const ours = decode(codec, xml)
  if ('refused' in ours) {
    if (expected) throw new Error(`libxml2 takes it, ours says ${ours.refused}: ${xml}`)
    return false
  }
  if (!expected) throw new Error(`libxml2 refuses it, ours does not: ${xml}`)
  if (ours.value === null) return true
  const written = codec.encode(ours.value)
  if (!schemas.isValid(written)) throw new Error(`what is written is not valid: ${written}`)
  expect(decode(codec, written)).toEqual(ours)
  return true
}

/**
 * Simple types: a base, facets, and pieces that texts of them are made of. libxml2 does not take blanks at the end of INF
 * and of dates, takes 1E, lets NaN through every range, reads - as nothing in base64 and knows more of URIs than the type asks for;
 * there are no such pieces.
 */
const SIMPLE: Readonly<Record<string, readonly [string, string, readonly string[]]>> = {
  string: ['xs:string', '', ['a', ' ', '\n', 'é']],
  normalizedString: ['xs:normalizedString', '<xs:maxLength value="3"/>', ['a', ' ', '\n', '\t', '𝄞']],
  token: ['xs:token', '<xs:length value="3"/>', ['a', ' ', '\n', '𝄞']],
  lengths: ['xs:string', '<xs:minLength value="1"/><xs:maxLength value="3"/>', ['a', '𝄞', ' ']],
  language: ['xs:language', '', ['en', '-', 'a', '1', ' ', 'abcdefgh']],
  name: ['xs:Name', '', ['a', ':', '-', '1', '.', 'é', ' ']],
  ncName: ['xs:NCName', '', ['a', ':', '-', '1', '.', 'é', ' ']],
  nmtoken: ['xs:NMTOKEN', '', ['a', ':', '-', '1', '.', 'é', ' ']],
  boolean: ['xs:boolean', '', ['true', 'false', '0', '1', ' ', 'TRUE', 'x']],
  byte: ['xs:byte', '', ['1', '2', '7', '8', '9', '-', '+', '0', ' ', '.']],
  unsignedByte: ['xs:unsignedByte', '', ['2', '5', '6', '-', '+', '0', ' ']],
  short: ['xs:short', '', ['32767', '32768', '-', '+', '0', ' ']],
  int: ['xs:int', '', ['2147483647', '2147483648', '-', '+', '0', '1', ' ']],
  unsignedInt: ['xs:unsignedInt', '', ['4294967295', '4294967296', '+', '0', ' ']],
  long: ['xs:long', '', ['9223372036854775807', '9223372036854775808', '-', '+', '0', ' ']],
  unsignedLong: ['xs:unsignedLong', '', ['18446744073709551615', '18446744073709551616', '+', '0', ' ']],
  integer: ['xs:integer', '', ['1', '0', '-', '+', '.', ' ', '123456789']],
  positive: ['xs:positiveInteger', '', ['1', '0', '-', '+', ' ']],
  nonNegative: ['xs:nonNegativeInteger', '', ['1', '0', '-', '+', ' ']],
  negative: ['xs:negativeInteger', '', ['1', '0', '-', '+', ' ']],
  nonPositive: ['xs:nonPositiveInteger', '', ['1', '0', '-', ' ']],
  decimal: ['xs:decimal', '', ['1', '0', '.', '-', '+', ' ', 'e']],
  digits: [
    'xs:decimal',
    '<xs:totalDigits value="3"/><xs:fractionDigits value="1"/>',
    ['1', '0', '.', '-', '9'],
  ],
  between: [
    'xs:decimal',
    '<xs:minInclusive value="-1.5"/><xs:maxExclusive value="10"/>',
    ['1', '0', '.', '5', '-'],
  ],
  range: ['xs:int', '<xs:minExclusive value="0"/><xs:maxInclusive value="10"/>', ['1', '0', '-', '+', '5']],
  double: ['xs:double', '', ['1', '0', '.', '-', '+', 'INF', 'NaN', 'e1', 'E-2']],
  float: ['xs:float', '<xs:minInclusive value="0"/>', ['1', '0', '.', '-', 'E1', 'INF']],
  dateTime: [
    'xs:dateTime',
    '',
    ['2024-02-29', '2023-02-29', 'T', '12:00:00', '24:00:00', '23:59:60', '.5', 'Z', '+14:00', '-14:01'],
  ],
  date: [
    'xs:date',
    '',
    ['2024-02-29', '1900-02-29', '2000-02-29', '-', '0000-01-01', '12024-12-31', '2024-04-31', 'Z', '+01:00'],
  ],
  time: ['xs:time', '', ['12:00:00', '25:00:00', '24:00:00', '.123', 'Z', '-00:30']],
  base64: ['xs:base64Binary', '', ['QUJD', 'QQ==', 'QUI=', 'QR==', '=', 'a', ' ']],
  hex: ['xs:hexBinary', '<xs:maxLength value="2"/>', ['0a', 'F', 'f0', 'g', ' ']],
  uri: ['xs:anyURI', '', ['/', '#', 'a', '%20', '?']],
  color: ['xs:string', '<xs:enumeration value="red"/><xs:enumeration value=" blue"/>', ['red', 'blue', ' ']],
  numbers: ['xs:int', '<xs:enumeration value="1"/><xs:enumeration value="20"/>', ['1', '0', '2', '+', ' ']],
  amounts: ['xs:decimal', '<xs:enumeration value="1.50"/>', ['1', '.', '5', '0']],
  pattern: [
    'xs:string',
    '<xs:pattern value="[a-c]{2}\\d?"/><xs:pattern value="x.\\-|\\s\\S+"/>',
    ['a', 'c', '1', 'x', '-', ' ', '\n', '٣'],
  ],
  anchors: ['xs:string', '<xs:pattern value="^a$"/>', ['^', 'a', '$']],
  names: ['xs:token', '<xs:pattern value="\\i\\c*|\\p{Lu}[\\w\\-]"/>', ['A', 'a', '-', '1', ':', 'É', '!']],
  userName: ['t:patternType', '<xs:maxLength value="2"/>', ['a', 'b', '1', '-']],
}

/** Texts to show where a pattern makes it impossible to find one. */
const EXAMPLES: Readonly<Record<string, string>> = { pattern: 'ab', anchors: '^a$', names: 'A-' }

const SIMPLE_SCHEMA = schemaOf(
  `<xs:simpleType name="patternType"><xs:restriction base="xs:string"><xs:pattern value="[a-b1]*"/></xs:restriction></xs:simpleType>${Object.entries(
    SIMPLE,
  )
    .map(
      ([name, [base, facets]]) =>
        `<xs:element name="${name}"><xs:simpleType>${EXAMPLES[name] === undefined ? '' : `<xs:annotation><xs:appinfo>${EXAMPLES[name]}</xs:appinfo></xs:annotation>`}<xs:restriction base="${base}">${facets}</xs:restriction></xs:simpleType></xs:element>`,
    )
    .join('')}`,
)

describe('simple types, against libxml2', () => {
  const schemas = open(SIMPLE_SCHEMA)
  afterAll(() => schemas.close())

  test.each(Object.entries(SIMPLE))('%s takes the same texts', (name, [, , pieces]) => {
    const codec = schemas.codec(name)
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 5 }), (parts) => {
        expectSame(schemas, codec, `<${name} xmlns="${NS}">${parts.join('')}</${name}>`)
      }),
      { numRuns: 300 },
    )
  })

  test.each(Object.keys(SIMPLE))('%s shows a value that is of it', (name) => {
    const codec = schemas.codec(name)
    expect(schemas.isValid(codec.encode(codec.sample()))).toBe(true)
  })
})

/** Everything that content models may have, and a type that contains itself. */
const TREE_SCHEMA = schemaOf(`
  <xs:element name="tree" type="t:Tree"/>
  <xs:complexType name="Tree">
    <xs:sequence>
      <xs:element name="a" type="xs:int"/>
      <xs:element name="b" type="xs:string" minOccurs="0" nillable="true"/>
      <xs:element name="c" type="t:Text" minOccurs="0" maxOccurs="unbounded"/>
      <xs:choice minOccurs="0">
        <xs:element name="d" type="xs:boolean"/>
        <xs:sequence><xs:element name="e" type="xs:token"/><xs:element name="f" type="t:Empty" minOccurs="0"/></xs:sequence>
        <xs:element ref="t:g"/>
      </xs:choice>
      <xs:choice minOccurs="0" maxOccurs="3">
        <xs:element name="h" type="xs:date"/>
        <xs:element name="i" type="t:Tree"/>
      </xs:choice>
      <xs:sequence minOccurs="0" maxOccurs="2"><xs:element name="j" type="xs:int"/><xs:element name="k" type="xs:int" minOccurs="0"/></xs:sequence>
      <xs:element name="l" minOccurs="2" maxOccurs="2" type="t:Color"/>
    </xs:sequence>
    <xs:attribute name="id" type="xs:int" use="required"/>
    <xs:attribute name="note" type="xs:token"/>
    <xs:attribute name="unit" type="xs:string" fixed="cm"/>
    <xs:attribute name="color" type="t:Color" default="red"/>
  </xs:complexType>
  <xs:complexType name="Text"><xs:simpleContent><xs:extension base="xs:int"><xs:attribute name="of" type="xs:string" use="required"/></xs:extension></xs:simpleContent></xs:complexType>
  <xs:complexType name="Empty"><xs:attribute name="x" type="xs:boolean"/></xs:complexType>
  <xs:element name="g"><xs:complexType><xs:sequence><xs:any namespace="##other" processContents="skip" minOccurs="0" maxOccurs="2"/></xs:sequence><xs:anyAttribute namespace="##any" processContents="lax"/></xs:complexType></xs:element>
  <xs:simpleType name="Color"><xs:restriction base="xs:token"><xs:enumeration value="red"/><xs:enumeration value="blue"/></xs:restriction></xs:simpleType>`)

const { tree } = fc.letrec<{ tree: string; body: string }>((tie) => {
  const many = (element: fc.Arbitrary<string>, min: number, max: number) =>
    fc.array(element, { minLength: min, maxLength: max }).map((parts) => parts.join(''))
  const body = fc
    .tuple(
      fc.constantFrom('<a>1</a>', '<a> -7\n</a>'),
      fc.constantFrom('', '<b/>', '<b> x </b>', '<b xsi:nil="true"/>', '<b xsi:nil="false">y</b>'),
      many(fc.constantFrom('<c of="x">5</c>', '<c of=""> 6 </c>'), 0, 3),
      fc.constantFrom(
        '',
        '<d>true</d>',
        '<e>x</e>',
        '<e>x</e><f/>',
        '<f x="1"/>',
        '<g/>',
        '<g y="1"><o:p xmlns:o="urn:o"><q/></o:p></g>',
      ),
      many(
        fc.oneof(
          { depthSize: 'small', maxDepth: 3 },
          fc.constant('<h>2024-01-01</h>'),
          tie('tree').map((inner) => inner.replace(/^<tree/, '<i').replace(/tree>$/, 'i>')),
        ),
        0,
        3,
      ),
      many(fc.constantFrom('<j>1</j>', '<j>1</j><k>2</k>'), 0, 2),
      fc.constant('<l>red</l><l>blue</l>'),
    )
    .map((parts) => parts.join(''))
  return {
    body,
    tree: fc
      .tuple(
        fc.constantFrom('id="1"', 'id="2" note=" x  y "', 'id="3" unit="cm"', 'id="4" color="blue"'),
        tie('body'),
      )
      .map(([attributes, content]) => `<tree ${attributes}>${content}</tree>`),
  }
})

/** Elements and attributes that a mutation puts somewhere. */
const PIECES = [
  ...[
    '<a>1</a>',
    '<b/>',
    '<b xsi:nil="true"/>',
    '<c of="x">5</c>',
    '<d>true</d>',
    '<e/>',
    '<f/>',
    '<g/>',
    '<f> </f>',
  ],
  ...[
    '<h>2024-01-01</h>',
    '<j>1</j>',
    '<k>1</k>',
    '<l>red</l>',
    '<x/>',
    '<y xmlns="urn:y"/>',
    'text',
    ' ',
    '<!-- c -->',
  ],
  ...[
    ' id="1"',
    ' note="x"',
    ' unit="m"',
    ' color="green"',
    ' x="1"',
    ' xsi:nil="true"',
    ' xsi:nil="0"',
    ' xml:lang="en"',
    ' t:id="1"',
  ],
  ...['<tree id="1"/>', '<i id="1"><a>1</a><l>red</l><l>red</l></i>', '1', '<![CDATA[1]]>'],
]

function root(xml: string): string {
  return xml.replace(
    /^<tree/,
    `<tree xmlns="${NS}" xmlns:t="${NS}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`,
  )
}

describe('content models, against libxml2', () => {
  const schemas = open(TREE_SCHEMA)
  afterAll(() => schemas.close())
  const codec = schemas.codec('tree')

  test('valid documents are taken, and come back the same', () => {
    let valid = 0
    fc.assert(
      fc.property(tree, (xml) => {
        if (expectSame(schemas, codec, root(xml))) valid++
      }),
      { numRuns: 1000 },
    )
    expect(valid).toBeGreaterThan(300)
  })

  test('documents with something put in, taken out or doubled are taken where libxml2 takes them', () => {
    const seen = { taken: 0, refused: 0 }
    const change = fc.tuple(
      fc.nat(),
      fc.oneof(
        fc.constantFrom(...PIECES).map((piece) => (tag: string) => tag + piece),
        fc
          .constantFrom(...PIECES)
          .map((piece) => (tag: string) => tag.replace(/\/?>$/, (end) => piece + end)),
        fc.constant(() => ''),
        fc.constant((tag: string) => tag + tag),
      ),
    )
    fc.assert(
      fc.property(tree, fc.array(change, { minLength: 1, maxLength: 2 }), (xml, changes) => {
        // Whole leaves, tags and texts.
        let parts: readonly string[] = xml.match(/<(\w+)[^<>]*(?:\/>|>[^<>]*<\/\1>)|<[^<>]*>|[^<>]+/g) ?? []
        for (const [at, edit] of changes) {
          const index = at % parts.length
          parts = parts.map((part, other) => (other === index ? edit(part) : part))
        }
        seen[expectSame(schemas, codec, root(parts.join(''))) ? 'taken' : 'refused']++
      }),
      { numRuns: 4000 },
    )
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(100)
  })
})
