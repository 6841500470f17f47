import { readdir, readFile } from 'node:fs/promises'
import { ParseOption, XmlDocument, XmlElement, XsdValidator } from 'libxml2-wasm'
import supertest from 'supertest'
import { type Contract, readContract } from '../../src/soap/contract.ts'
import { createWebApp } from '../../src/web/web-app.ts'

const NAMESPACES = {
  w: 'http://schemas.xmlsoap.org/wsdl/',
  s: 'http://schemas.xmlsoap.org/wsdl/soap/',
  s12: 'http://schemas.xmlsoap.org/wsdl/soap12/',
  xs: 'http://www.w3.org/2001/XMLSchema',
}
const SOAP_ENCODING = 'http://schemas.xmlsoap.org/soap/encoding/'
const SOAP_HTTP = 'http://schemas.xmlsoap.org/soap/http'

function find(node: XmlDocument | XmlElement, path: string): readonly XmlElement[] {
  return node.find(path, NAMESPACES).filter((found) => found instanceof XmlElement)
}

/** The attributes that a path ends with. */
function values(node: XmlDocument | XmlElement, path: string): readonly string[] {
  return node.find(path, NAMESPACES).map((found) => found.content)
}

function attribute(element: XmlElement, name: string): string {
  return element.attr(name)?.content ?? ''
}

/** A QName in content as `{namespace}local`. */
function resolve(element: XmlElement, name: string): string {
  const [local = '', prefix = ''] = name.split(':').reverse()
  return `{${element.namespaces[prefix] ?? ''}}${local}`
}

/** What is defined in the WSDL itself, by path, as `{namespace}local`. */
function defined(wsdl: XmlDocument, path: string): ReadonlySet<string> {
  const target = attribute(wsdl.root, 'targetNamespace')
  return new Set(find(wsdl, path).map((one) => `{${target}}${attribute(one, 'name')}`))
}

function globalElements(wsdl: XmlDocument): ReadonlySet<string> {
  return new Set(
    find(wsdl, '//xs:schema').flatMap((schema) =>
      find(schema, 'xs:element').map(
        (one) => `{${attribute(schema, 'targetNamespace')}}${attribute(one, 'name')}`,
      ),
    ),
  )
}

/** The attributes that refer to something that is not there. */
function dangling(
  wsdl: XmlDocument,
  path: string,
  name: string,
  known: ReadonlySet<string>,
): readonly string[] {
  return find(wsdl, path)
    .map((one) => resolve(one, attribute(one, name)))
    .filter((reference) => !known.has(reference))
}

function repeated(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => names.indexOf(name) !== index)
}

/** For each binding, what its operations and those of its port type differ in. */
function differences(wsdl: XmlDocument): readonly string[] {
  const sorted = (parent: XmlElement, path: string) => values(parent, path).toSorted().join()
  return find(wsdl, '//w:binding').flatMap((binding) => {
    const portType = find(wsdl, '//w:portType').find(
      (one) => attribute(one, 'name') === attribute(binding, 'type').split(':').at(-1),
    )
    if (portType === undefined) return [attribute(binding, 'type')]
    const operations = values(portType, 'w:operation/@name')
    if (sorted(portType, 'w:operation/@name') !== sorted(binding, 'w:operation/@name')) return ['operations']
    return operations.filter(
      (name) =>
        sorted(portType, `w:operation[@name='${name}']/w:fault/@name`) !==
        sorted(binding, `w:operation[@name='${name}']/w:fault/@name`),
    )
  })
}

/** What the body of a request begins with, operation by operation. */
function wireSignatures(wsdl: XmlDocument): readonly string[] {
  return find(wsdl, '//w:portType/w:operation/w:input').map((input) => {
    const name = attribute(input, 'message').split(':').at(-1)
    const part = find(wsdl, `//w:message[@name='${name}']/w:part`)[0]
    return part === undefined ? '' : resolve(part, attribute(part, 'element'))
  })
}

/** The Basic Profile 1.1's requirements for a description, and what breaks them; the grammar of WSDL has those on its form. */
const RULES: readonly (readonly [
  rules: string,
  says: string,
  broken: (wsdl: XmlDocument) => readonly unknown[],
])[] = [
  [
    'R2002 R2003 R2004',
    'imports schemas by xs:import inside xs:schema',
    (wsdl) => values(wsdl, "//w:import/@location[contains(., 'xsd')]"),
  ],
  ['R2007', 'gives each wsdl:import a location', (wsdl) => find(wsdl, '//w:import[not(string(@location))]')],
  ['R2026', 'requires no extension of WSDL', (wsdl) => find(wsdl, '//*[@w:required]')],
  [
    'R2101',
    'refers to messages, port types and bindings that are there',
    (wsdl) => [
      ...dangling(wsdl, '//w:portType/w:operation/*[@message]', 'message', defined(wsdl, '//w:message')),
      ...dangling(wsdl, '//w:binding', 'type', defined(wsdl, '//w:portType')),
      ...dangling(wsdl, '//w:port', 'binding', defined(wsdl, '//w:binding')),
    ],
  ],
  [
    'R2102 R2206',
    'refers to global elements of its schemas',
    (wsdl) => dangling(wsdl, '//w:part', 'element', globalElements(wsdl)),
  ],
  [
    'R2105',
    'gives each schema a target namespace',
    (wsdl) => find(wsdl, '//xs:schema[not(string(@targetNamespace))]'),
  ],
  [
    'R2110 R2111 R2113',
    'knows nothing of encoded arrays',
    (wsdl) => [
      ...find(wsdl, '//@w:arrayType'),
      ...find(wsdl, '//*').filter((one) => Object.values(one.namespaces).includes(SOAP_ENCODING)),
    ],
  ],
  ['R2112', 'names no type ArrayOf…', (wsdl) => values(wsdl, "//xs:*/@name[starts-with(., 'ArrayOf')]")],
  [
    'R2201 R2210',
    'has at most one part in a message',
    (wsdl) => find(wsdl, '//w:message[count(w:part) > 1]'),
  ],
  [
    'R2204 R2205 R2306',
    'describes parts by elements',
    (wsdl) => find(wsdl, '//w:part[@type or not(@element)]'),
  ],
  [
    'R2304',
    'gives the operations of a port type different names',
    (wsdl) => repeated(values(wsdl, '//w:portType/w:operation/@name')),
  ],
  [
    'R2401 R2701',
    'binds to SOAP 1.1 (and, beyond the profile, to 1.2)',
    (wsdl) => [
      ...find(wsdl, '//w:binding[count(s:binding | s12:binding) != 1]'),
      ...(find(wsdl, '//s:binding').length === 1 ? [] : ['no SOAP 1.1']),
    ],
  ],
  [
    'R2702',
    'names HTTP as the transport',
    (wsdl) =>
      values(wsdl, '//s:binding/@transport | //s12:binding/@transport').filter((one) => one !== SOAP_HTTP),
  ],
  [
    'R2705',
    'is of document style throughout',
    (wsdl) => values(wsdl, '//s:*/@style | //s12:*/@style').filter((one) => one !== 'document'),
  ],
  [
    'R2706',
    'is literal throughout',
    (wsdl) => find(wsdl, "//*[self::s:body or self::s:fault or self::s:header][not(@use = 'literal')]"),
  ],
  ['R2710', 'has operations that differ on the wire', (wsdl) => repeated(wireSignatures(wsdl))],
  [
    'R2711',
    'gives an address to one port of SOAP 1.1',
    (wsdl) => repeated(values(wsdl, '//s:address/@location')),
  ],
  [
    'R2716',
    'gives bodies, headers and faults no namespace',
    (wsdl) => values(wsdl, '//s:*/@namespace | //s12:*/@namespace'),
  ],
  [
    'R2718 R2740',
    'binds all operations of its port type, with all their faults',
    (wsdl) => differences(wsdl),
  ],
  [
    'R2721 R2754',
    'repeats the name of a fault in its binding',
    (wsdl) =>
      find(wsdl, '//w:binding/w:operation/w:fault[not(string(@name) = string((s:fault | s12:fault)/@name))]'),
  ],
  ['R2744', 'names a soapAction for each operation', (wsdl) => find(wsdl, '//s:operation[not(@soapAction)]')],
]

const files = (await readdir('wsdl')).filter((name) => name.endsWith('.wsdl'))

describe.each(files)('wsdl/%s by WS-I Basic Profile 1.1', (name) => {
  let contract: Contract
  const opened: XmlDocument[] = []

  function parse(xml: string): XmlDocument {
    const document = XmlDocument.fromString(xml, { option: ParseOption.XML_PARSE_DEFAULT })
    opened.push(document)
    return document
  }

  function validate(schema: XmlDocument, document: XmlDocument): void {
    const validator = XsdValidator.fromDoc(schema)
    try {
      validator.validate(document)
    } finally {
      validator.dispose()
    }
  }

  async function serve(query: string): Promise<XmlDocument> {
    const app = createWebApp({ services: new Map([['/', contract]]), failure: () => undefined })
    const response = await supertest(app).get(`/${query}`).set('Host', 'a.example').buffer(true)
    expect(response.status).toBe(200)
    expect(response.headers['content-type']).toBe('text/xml; charset=utf-8')
    return parse(response.text)
  }

  beforeAll(async () => {
    contract = await readContract({ wsdlPath: `wsdl/${name}` })
  })
  afterAll(() => {
    for (const document of opened) document.dispose()
  })

  describe.each(['?wsdl', '?singleWsdl'])('served as %s', (query) => {
    test.each(RULES)('%s: it %s', async (_rules, _says, broken) => {
      expect(broken(await serve(query))).toEqual([])
    })

    test('R2022 R2023 R2028 R2303: it has the form of WSDL 1.1, as narrowed by the profile', async () => {
      validate(parse(await readFile('test/soap/wsdl-1.1.xsd', 'utf8')), await serve(query))
    })

    test('R2114 R2800: each schema is one of XML Schema 1.0, by libxml2', async () => {
      const schemas = find(await serve(query), '//xs:schema')
      expect(schemas).not.toEqual([])
      for (const schema of schemas) XsdValidator.fromDoc(parse(schema.canonicalizeToString())).dispose()
    })

    test('its addresses are the one that it was asked at', async () => {
      const wsdl = await serve(query)
      expect(new Set(values(wsdl, '//s:address/@location | //s12:address/@location'))).toEqual(
        new Set(['http://a.example/']),
      )
    })

    test('R2712: the sample of each operation is valid by the schema', async () => {
      const wsdl = await serve(query)
      for (const { sample } of contract.operations) {
        const request = find(parse(sample), '/*/*[local-name() = "Body"]/*')[0]
        const schema = find(wsdl, `//xs:schema[@targetNamespace = '${request?.namespaceUri}']`)[0]
        if (request === undefined || schema === undefined) throw new Error(`no schema for ${sample}`)
        validate(parse(schema.canonicalizeToString()), parse(request.canonicalizeToString()))
      }
    })
  })

  test('a break of a rule is seen', async () => {
    const source = await readFile(`wsdl/${name}`, 'utf8')
    const broken = (rules: string, from: string, to: string) => {
      const changed = source.replace(from, to)
      expect(changed).not.toBe(source)
      return RULES.find(([numbers]) => numbers === rules)?.[2](parse(changed))
    }
    expect(broken('R2706', '<soap:body use="literal"/>', '<soap:body use="encoded"/>')).toHaveLength(1)
    expect(broken('R2102 R2206', 'element="fault:problem"', 'element="fault:proble"')).toEqual([
      '{urn:dms:fault:1}proble',
    ])
    expect(broken('R2721 R2754', '<soap:fault name="problem"', '<soap:fault name="other"')).toHaveLength(1)
    expect(
      broken('R2718 R2740', '<wsdl:fault name="problem"><soap:', '<wsdl:fault name="p"><soap:'),
    ).toHaveLength(1)
  })
})
