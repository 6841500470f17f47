import { readFileSync } from 'node:fs'
import { type Contract, readContract } from '../../../src/soap/contract.ts'

export const FILES = 'urn:files'
const XMIME = 'http://www.w3.org/2005/05/xmlmime'

const OPERATIONS = ['Put', 'Describe', 'Get', 'GetKnown', 'Echo'] as const

function binding(version: 'soap' | 'soap12'): string {
  const operations = OPERATIONS.map(
    (name) => `<wsdl:operation name="${name}"><${version}:operation soapAction="urn:files/${name}"/>
      <wsdl:input><${version}:body use="literal"/></wsdl:input><wsdl:output><${version}:body use="literal"/></wsdl:output>
      <wsdl:fault name="problem"><${version}:fault name="problem" use="literal"/></wsdl:fault></wsdl:operation>`,
  )
  return `<wsdl:binding name="Files_${version}" type="tns:Files">
    <${version}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>${operations.join('')}</wsdl:binding>`
}

const TEXT_WSDL = readFileSync(new URL('../../../wsdl/text.wsdl', import.meta.url), 'utf8')
const FAULT_SCHEMA = /<xs:schema targetNamespace="urn:dms:fault:1"[\s\S]*?<\/xs:schema>/.exec(TEXT_WSDL)?.[0]

/** The schema of "Describing Media Content of Binary Data in XML", as far as it matters. */
const XMIME_SCHEMA = `<xs:schema targetNamespace="${XMIME}" elementFormDefault="qualified">
  <xs:attribute name="contentType"><xs:simpleType><xs:restriction base="xs:string"><xs:minLength value="3"/></xs:restriction></xs:simpleType></xs:attribute>
  <xs:complexType name="base64Binary"><xs:simpleContent><xs:extension base="xs:base64Binary"><xs:attribute ref="xmime:contentType"/></xs:extension></xs:simpleContent></xs:complexType>
</xs:schema>`

/** Takes and gives files. What stands in the place of a type in the first argument, stands there in the schema. */
function filesWsdl(types: { readonly content?: string } = {}): string {
  const messages = OPERATIONS.flatMap((name) => [name, `${name}Response`])
  return `<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions targetNamespace="${FILES}" xmlns:tns="${FILES}" xmlns:f="urn:dms:fault:1" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xmime="${XMIME}">
  <wsdl:types>
    <xs:schema targetNamespace="${FILES}" elementFormDefault="qualified">
      <xs:import namespace="${XMIME}"/>
      <xs:simpleType name="Small"><xs:restriction base="xs:base64Binary"><xs:maxLength value="8"/></xs:restriction></xs:simpleType>
      <xs:element name="Put"><xs:complexType><xs:sequence>
        <xs:element name="name" type="xs:string"/>
        <xs:element name="small" type="tns:Small" minOccurs="0" maxOccurs="unbounded"/>
        <xs:element name="content" type="${types.content ?? 'xs:base64Binary'}" xmime:expectedContentTypes="*/*" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="PutResponse"><xs:complexType><xs:sequence><xs:element name="said" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="Describe"><xs:complexType><xs:sequence>
        <xs:element name="content" type="xmime:base64Binary" xmime:expectedContentTypes="image/*" nillable="true"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="DescribeResponse"><xs:complexType><xs:sequence>
        <xs:element name="content" type="xmime:base64Binary" xmime:expectedContentTypes="image/*" nillable="true"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="Get"><xs:complexType><xs:sequence><xs:element name="name" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="GetResponse"><xs:complexType><xs:sequence>
        <xs:element name="content" type="xs:base64Binary" xmime:expectedContentTypes="*/*"/><xs:element name="name" type="xs:string"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="GetKnown"><xs:complexType><xs:sequence><xs:element name="name" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="GetKnownResponse"><xs:complexType><xs:sequence>
        <xs:element name="content" type="xs:base64Binary" xmime:expectedContentTypes="*/*" maxOccurs="unbounded"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="Echo"><xs:complexType><xs:sequence><xs:element name="text" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="EchoResponse"><xs:complexType><xs:sequence><xs:element name="text" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
    </xs:schema>
    ${XMIME_SCHEMA}
    ${FAULT_SCHEMA}
  </wsdl:types>
  ${messages.map((name) => `<wsdl:message name="${name}"><wsdl:part name="parameters" element="tns:${name}"/></wsdl:message>`).join('')}
  <wsdl:message name="problem"><wsdl:part name="problem" element="f:problem"/></wsdl:message>
  <wsdl:portType name="Files">${OPERATIONS.map(
    (
      name,
    ) => `<wsdl:operation name="${name}"><wsdl:input message="tns:${name}"/><wsdl:output message="tns:${name}Response"/>
      <wsdl:fault name="problem" message="tns:problem"/></wsdl:operation>`,
  ).join('')}</wsdl:portType>
  ${binding('soap')}${binding('soap12')}
  <wsdl:service name="Files">
    <wsdl:port name="Files11" binding="tns:Files_soap"><soap:address location="http://localhost/files"/></wsdl:port>
    <wsdl:port name="Files12" binding="tns:Files_soap12"><soap12:address location="http://localhost/files"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>`
}

/** Compiles it. */
export function readFiles(types?: { readonly content?: string }): Promise<Contract> {
  return readContract({ wsdlPath: '/files.wsdl', read: async () => filesWsdl(types) })
}
