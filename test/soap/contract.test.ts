import { readFileSync } from 'node:fs'
import { ParseOption, XmlDocument, XsdValidator } from 'libxml2-wasm'
import { textPortType } from '../../src/port-types/text.ts'
import { type Contract, readContract } from '../../src/soap/contract.ts'
import { createSoapEndpoint } from '../../src/soap/endpoint.ts'
import { DEFAULT_SOAP_LIMITS } from '../../src/soap/limits.ts'
import {
  envelope,
  openTextServer,
  post,
  remove,
  removeSpaces,
  VERSION_NAMES,
  WSDL_PATH,
} from './text-server.ts'

const source = readFileSync(WSDL_PATH, 'utf8')

/** Compiles a contract that is in no file. */
function compile(wsdl: string): Promise<Contract> {
  return readContract({ wsdlPath: 'text.wsdl', read: async () => wsdl })
}

function endpointOf(contract: Contract, portType: Parameters<typeof createSoapEndpoint>[0]['portType']) {
  return createSoapEndpoint({ contract, portType, limits: DEFAULT_SOAP_LIMITS })
}

describe('the server does not start', () => {
  let contract: Contract
  beforeAll(async () => {
    contract = await compile(source)
  })

  test('where the port type lacks an operation', () => {
    const { remove_spaces } = textPortType
    expect(() => endpointOf(contract, { remove_spaces })).toThrow('lacks the operation remove of Text')
  })

  test('where the port type has an operation that the contract has not', () => {
    const more = { ...textPortType, more: () => ({}) }
    expect(() => endpointOf(contract, more)).toThrow('does not declare the operation more')
  })

  test.each([
    [
      'a missing message',
      '<wsdl:message name="remove">',
      '<wsdl:message name="gone">',
      'there is no <message name="remove">',
    ],
    ['a missing element', 'element="tns:remove_spaces"', 'element="tns:gone"', 'is not declared'],
    [
      'a prefix that is not declared',
      'element="tns:remove_spaces"',
      'element="q:remove"',
      'the prefix of q:remove',
    ],
    [
      'a wrapper with another name',
      'element="tns:remove_spaces"',
      'element="original:remove"',
      'must have its name',
    ],
    [
      'actions that differ',
      '<soap:operation soapAction="remove"',
      '<soap:operation soapAction="x"',
      'one soapAction',
    ],
    ['rpc style', '<soap:binding style="document"', '<soap:binding style="rpc"', 'must be document/literal'],
    ['encoded use', '<soap:body use="literal"', '<soap:body use="encoded"', 'document/literal'],
    [
      'a type that is not supported',
      'type="xs:string"',
      'type="xs:duration"',
      'xs:duration is not supported',
    ],
    ['a schema part that is not supported', 'xs:sequence', 'xs:all', '<all> in the schema'],
    ['no fault', '<wsdl:fault name="problem" message="tns:problem"/>', '', 'does not declare the fault'],
    ['no address', 'soap:address location', 'soap:address place', 'each port must have one address'],
    ['broken XML', '</wsdl:definitions>', '', 'text.wsdl'],
  ])('with a contract that has %s', async (_, from, to, message) => {
    const changed = source.replaceAll(from, to)
    expect(changed).not.toBe(source)
    await expect(compile(changed)).rejects.toThrow(message)
  })

  test('with a contract that is not there', async () => {
    await expect(readContract({ wsdlPath: `${WSDL_PATH}.gone` })).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

/** A schema of the contract as a file of its own. */
function schemaOf(namespace: string): string {
  const found = [...source.matchAll(/<xs:schema [\s\S]*?<\/xs:schema>/g)].find(([xml]) =>
    xml.includes(`"${namespace}"`),
  )
  return (found?.[0] ?? '').replace('<xs:schema', '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"')
}

/** Throws where the part of a reply is not valid by a schema of the contract. */
function validate(namespace: string, part: string | undefined): void {
  const schema = XmlDocument.fromString(schemaOf(namespace), { option: ParseOption.XML_PARSE_DEFAULT })
  const validator = XsdValidator.fromDoc(schema)
  const document = XmlDocument.fromString(part ?? '')
  try {
    validator.validate(document)
  } finally {
    document.dispose()
    validator.dispose()
    schema.dispose()
  }
}

describe('replies are valid by the schemas of the contract', () => {
  test.each(VERSION_NAMES)('results and fault details in SOAP %s', async (version) => {
    const server = await openTextServer()
    const result = await post(server.url, version, envelope(version, removeSpaces('a  b')))
    validate('urn:dms:text:1', /<remove_spacesResponse.*<\/remove_spacesResponse>/.exec(result.text)?.[0])
    const nil = await post(server.url, version, envelope(version, remove('<string xsi:nil="true"/>')))
    validate('http://tests.python-zeep.org/', /<removeResponse.*<\/removeResponse>/.exec(nil.text)?.[0])
    for (const body of [removeSpaces('<a/>'), '']) {
      const fault = await post(server.url, version, envelope(version, body))
      validate('urn:dms:fault:1', /<problem.*<\/problem>/.exec(fault.text)?.[0])
    }
    await server.close()
  })
})
