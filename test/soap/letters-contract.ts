import { readFileSync } from 'node:fs'
import { type Contract, readContract } from '../../src/soap/contract.ts'

const SOAP11 = 'http://schemas.xmlsoap.org/wsdl/soap/'
const SOAP12 = 'http://schemas.xmlsoap.org/wsdl/soap12/'

function binding(name: string, prefix: string): string {
  const fault = (fault: string) =>
    `<wsdl:fault name="${fault}"><${prefix}:fault name="${fault}" use="literal"/></wsdl:fault>`
  return `<wsdl:binding name="${name}" type="tns:Letters">
    <${prefix}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="Send">
      <${prefix}:operation soapAction="urn:letters/Send"/>
      <wsdl:input><${prefix}:body use="literal"/></wsdl:input>
      <wsdl:output><${prefix}:body use="literal"/></wsdl:output>
      ${fault('problem')}${fault('NoSuchPerson')}
    </wsdl:operation>
  </wsdl:binding>`
}

/** A contract in four files: the service, what it does, and two schemas of which one imports the other. */
export const LETTERS: Readonly<Record<string, string>> = {
  '/letters/letters.wsdl': `<?xml version="1.0" encoding="utf-8"?>
<!-- <wsdl:import location="not-this.wsdl"/> -->
<wsdl:definitions targetNamespace="urn:letters" xmlns:tns="urn:letters" xmlns:people="urn:people" xmlns:f="urn:dms:fault:1"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="${SOAP11}" xmlns:soap12="${SOAP12}" xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <wsdl:import namespace="urn:letters" location="parts/abstract.wsdl"/>
  ${binding('Letters11', 'soap')}
  ${binding('Letters12', 'soap12')}
  <wsdl:service name="Letters">
    <wsdl:port name="Letters11" binding="tns:Letters11"><soap:address location="http://localhost/letters"/></wsdl:port>
    <wsdl:port name="Letters12" binding="tns:Letters12"><soap12:address location="http://localhost/letters"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>`,
  '/letters/parts/abstract.wsdl': `<wsdl:definitions targetNamespace="urn:letters" xmlns:tns="urn:letters" xmlns:people="urn:people" xmlns:f="urn:dms:fault:1"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <wsdl:types><xs:schema><xs:import namespace="urn:letters" schemaLocation="../letters.xsd"/><xs:import namespace="urn:people" schemaLocation="../people.xsd"/><xs:import namespace="urn:dms:fault:1" schemaLocation="../fault.xsd"/></xs:schema></wsdl:types>
  <wsdl:message name="Send"><wsdl:part name="in" element="tns:Send"/></wsdl:message>
  <wsdl:message name="SendResponse"><wsdl:part name="out" element="tns:SendResponse"/></wsdl:message>
  <wsdl:message name="problem"><wsdl:part name="fault" element="f:problem"/></wsdl:message>
  <wsdl:message name="NoSuchPerson"><wsdl:part name="fault" element="people:noSuchPerson"/></wsdl:message>
  <wsdl:portType name="Letters"><wsdl:operation name="Send">
    <wsdl:input message="tns:Send"/><wsdl:output message="tns:SendResponse"/>
    <wsdl:fault name="problem" message="tns:problem"/><wsdl:fault name="NoSuchPerson" message="tns:NoSuchPerson"/>
  </wsdl:operation></wsdl:portType>
</wsdl:definitions>`,
  '/letters/letters.xsd': `<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:p="urn:people" targetNamespace="urn:letters" elementFormDefault="qualified">
  <xs:import namespace="urn:people" schemaLocation="people.xsd"/>
  <xs:element name="Send"><xs:complexType><xs:sequence>
    <xs:element name="to" type="p:Name" maxOccurs="unbounded"/><xs:element name="sealed" type="xs:base64Binary" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="SendResponse"><xs:complexType><xs:sequence><xs:element name="count" type="xs:int"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="sender"><xs:complexType><xs:sequence><xs:element name="name" type="p:Name"/></xs:sequence></xs:complexType></xs:element>
</xs:schema>`,
  '/letters/people.xsd': `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:people" targetNamespace="urn:people" elementFormDefault="qualified">
  <xs:simpleType name="Name"><xs:restriction base="xs:token"><xs:pattern value="[a-z]+"/><xs:maxLength value="8"/></xs:restriction></xs:simpleType>
  <xs:element name="noSuchPerson"><xs:complexType><xs:sequence><xs:element name="name" type="t:Name"/><xs:element name="correlationId" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
</xs:schema>`,
  '/letters/fault.xsd': `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:dms:fault:1" elementFormDefault="qualified">${
    /<xs:element name="problem">[\s\S]*?<\/xs:element>\s*(?=<\/xs:schema>)/.exec(
      readFileSync(new URL('../../wsdl/text.wsdl', import.meta.url), 'utf8'),
    )?.[0]
  }</xs:schema>`,
}

/** Compiles it; `files` stand in the place of some of its own. */
export function readLetters(files: Readonly<Record<string, string>> = {}): Promise<Contract> {
  const all = { ...LETTERS, ...files }
  return readContract({
    wsdlPath: '/letters/letters.wsdl',
    async read(path) {
      const source = all[path]
      if (source === undefined) throw new Error(`there is no ${path}`)
      return source
    },
  })
}
