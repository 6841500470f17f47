import type { SoapValue } from '../../src/soap/codec.ts'
import { DEFAULT_SOAP_LIMITS } from '../../src/soap/limits.ts'
import { compileSchemas } from '../../src/soap/schema.ts'
import { scanXml } from '../../src/soap/xml-scanner.ts'
import { parseXmlTree } from '../../src/soap/xml-tree.ts'

/** A schema of two namespaces, with what the text service does not use. */
const SCHEMAS = `<types xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:a="urn:a" xmlns:b="urn:b">
  <xs:schema targetNamespace="urn:a" elementFormDefault="qualified">
    <xs:element name="letter" type="a:Letter"/>
    <xs:complexType name="Letter">
      <xs:sequence>
        <xs:element name="to" type="xs:string" maxOccurs="3"/>
        <xs:element name="copies" type="xs:int" minOccurs="0"/>
        <xs:element name="urgent" type="xs:boolean" nillable="true"/>
        <xs:element name="stamp" type="b:Stamp" minOccurs="0"/>
        <xs:element name="enclosed" type="a:Letter" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence>
    </xs:complexType>
  </xs:schema>
  <xs:schema targetNamespace="urn:b">
    <xs:complexType name="Stamp"><xs:sequence><xs:element name="cents" type="xs:int"/></xs:sequence></xs:complexType>
  </xs:schema>
</types>`

const schemas = compileSchemas(parseXmlTree(SCHEMAS, 'schemas').children)
const codec = schemas.element({ namespace: 'urn:a', local: 'letter' })

function decode(xml: string): SoapValue {
  const reader = scanXml(xml, DEFAULT_SOAP_LIMITS)
  reader.next()
  return codec.decode(reader)
}

describe('a codec compiled from a schema', () => {
  const letter = {
    to: ['x', 'y'],
    copies: -3,
    urgent: null,
    stamp: { cents: 80 },
    enclosed: [{ to: ['z'], urgent: true }],
  }

  test('decodes what it encoded: nested, repeated, optional, nil, and in two namespaces', () => {
    expect(decode(codec.encode(letter))).toEqual(letter)
  })

  test('writes elements of a schema with unqualified ones in no namespace', () => {
    expect(codec.encode(letter)).toContain('<stamp><cents xmlns="">80</cents></stamp>')
  })

  const open = '<letter xmlns="urn:a"><to>x</to>'
  test.each([
    [
      'three of what may come three times',
      '<letter xmlns="urn:a"><to/><to/><to/><urgent>1</urgent></letter>',
      undefined,
    ],
    [
      'four of it',
      '<letter xmlns="urn:a"><to/><to/><to/><to/><urgent>1</urgent></letter>',
      'lacks <urgent>, and has <to>',
    ],
    ['a wrong order', `${open}<urgent>1</urgent><copies>1</copies></letter>`, 'in the wrong place'],
    ['blanks around a number', `${open}<copies> 12\n</copies><urgent>0</urgent></letter>`, undefined],
    ['no number', `${open}<copies>1.5</copies><urgent>0</urgent></letter>`, 'must contain an xs:int'],
    [
      'a number that is too large',
      `${open}<copies>2147483648</copies><urgent>0</urgent></letter>`,
      'must contain an xs:int',
    ],
    ['no boolean', `${open}<urgent>yes</urgent></letter>`, 'must contain an xs:boolean'],
    [
      'a fault deep inside',
      `${open}<urgent>1</urgent><enclosed><to/></enclosed></letter>`,
      '<enclosed> lacks <urgent>',
    ],
  ])('%s', (_, xml, message) => {
    if (message === undefined) expect(() => decode(xml)).not.toThrow()
    else expect(() => decode(xml)).toThrow(message)
  })

  test.each([
    [{ to: [], urgent: true }, 'has 0 of to'],
    [{ to: ['x'] }, 'lacks urgent'],
    [{ to: ['x'], urgent: 1 }, 'not a boolean'],
    [{ to: ['x'], copies: 1.5, urgent: true }, 'not an xs:int'],
    [{ to: [null], urgent: true }, 'must not be null'],
    [null, 'must not be null'],
  ])('does not encode %j', (value, message) => {
    expect(() => codec.encode(value)).toThrow(message)
  })
})
