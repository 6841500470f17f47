/**
 * Writes docs/soapui/dms-soapui-project.xml: `node tools/soapui.mjs > docs/soapui/dms-soapui-project.xml`.
 * One interface for each binding of the contracts, a request for each of its operations, and a test case that makes them
 * in an order that makes sense. What an operation is called with stands in the table below.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseStringPromise, processors } from 'xml2js'

const SERVER = 'http://localhost:8080'
const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'
const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

const VERSIONS = [
  {
    version: '1.1',
    soapVersion: '1_1',
    namespace: 'http://schemas.xmlsoap.org/soap/envelope/',
    senderStatus: 500,
  },
  {
    version: '1.2',
    soapVersion: '1_2',
    namespace: 'http://www.w3.org/2003/05/soap-envelope',
    senderStatus: 400,
  },
]

const ADA = { user: 'soapui-ada', password: 'secret of soapui-ada' }
const BOB = { user: 'soapui-bob', password: 'secret of soapui-bob' }

/** What is called in which order: an operation, as whom, with which fields; what the answer holds at a path, or which fault it is. */
const SERVICES = [
  {
    name: 'Text',
    wsdl: 'wsdl/text.wsdl',
    path: '/',
    steps: [
      {
        operation: 'remove_spaces',
        fields: { string: '  two   words ' },
        holds: ['//m:remove_spacesResult', 'two words'],
      },
      {
        operation: 'remove',
        namespace: 'http://tests.python-zeep.org/',
        fields: { string: 'two   words' },
        holds: ['//m:removeResult', 'two words'],
      },
      { name: 'remove_spaces of nothing', operation: 'remove_spaces', fields: {}, fault: 'problem' },
    ],
  },
  {
    name: 'Messaging',
    wsdl: 'wsdl/messaging.wsdl',
    path: '/messaging',
    steps: [
      { name: 'Register ada', operation: 'Register', fields: { userName: ADA.user, password: ADA.password } },
      { name: 'Register bob', operation: 'Register', fields: { userName: BOB.user, password: BOB.password } },
      {
        operation: 'Send',
        as: ADA,
        fields: { recipient: BOB.user, text: 'hi', clientMessageId: 'order-17' },
        holds: ['//m:clientMessageId', 'order-17'],
      },
      {
        operation: 'GetMessageStatus',
        as: ADA,
        fields: { clientMessageId: 'order-17' },
        holds: ['//m:status', 'Waiting'],
      },
      { operation: 'ListUsers', as: ADA, fields: { prefix: ADA.user }, holds: ['//m:user/m:name', ADA.user] },
      {
        name: 'Receive the message',
        operation: 'Receive',
        as: BOB,
        fields: { maxMessages: 10, waitSeconds: 5 },
        holds: ['//m:message/m:text', 'hi'],
      },
      // Higher than any: all that was given.
      { name: 'Acknowledge the message', operation: 'Acknowledge', as: BOB, fields: { seq: 1_000_000_000 } },
      {
        name: 'Receive the receipt',
        operation: 'Receive',
        as: ADA,
        fields: { maxMessages: 10, waitSeconds: 5 },
        holds: ['//m:receipt/m:recipient', BOB.user],
      },
      { name: 'Acknowledge the receipt', operation: 'Acknowledge', as: ADA, fields: { seq: 1_000_000_000 } },
      {
        operation: 'SendAttachment',
        as: ADA,
        fields: {
          recipient: BOB.user,
          text: 'the plan',
          fileName: 'plan.txt',
          mediaType: 'text/plain',
          content: Buffer.from('Go.').toString('base64'),
          clientMessageId: 'order-18',
        },
        holds: ['//m:clientMessageId', 'order-18'],
      },
      {
        name: 'Receive what the file comes with',
        operation: 'Receive',
        as: BOB,
        fields: { maxMessages: 10, waitSeconds: 5 },
        holds: ['//m:attachment/m:fileName', 'plan.txt'],
      },
      {
        operation: 'GetAttachment',
        as: BOB,
        // SoapUI puts in what that step was answered.
        fields: { seq: `\${Receive what the file comes with#Response#//*[local-name()='seq']}` },
        holds: ['//m:content', Buffer.from('Go.').toString('base64')],
      },
      { name: 'Acknowledge the file', operation: 'Acknowledge', as: BOB, fields: { seq: 1_000_000_000 } },
      {
        name: 'Send to nobody',
        operation: 'Send',
        as: ADA,
        fields: { recipient: 'nobody', text: 'hi' },
        fault: 'UserNotFound',
      },
      { name: 'Unregister bob', operation: 'Unregister', as: BOB, fields: {} },
      { name: 'Unregister ada', operation: 'Unregister', as: ADA, fields: {} },
    ],
  },
]

const CHARACTERS = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeXml = (text) => String(text).replace(/[&<>"]/g, (character) => CHARACTERS[character])

/** The same for the same name, so that the file changes only where something changes. */
function idOf(...names) {
  const hex = createHash('sha256').update(names.join('\n')).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}

function envelopeOf({ operation, namespace, as, fields }, soap) {
  const header = as
    ? `
      <wsse:Security soap:mustUnderstand="1" xmlns:wsse="${WSSE}">
         <wsse:UsernameToken>
            <wsse:Username>${escapeXml(as.user)}</wsse:Username>
            <wsse:Password>${escapeXml(as.password)}</wsse:Password>
         </wsse:UsernameToken>
      </wsse:Security>
   `
    : ''
  const content = Object.entries(fields).map(
    ([name, value]) => `
         <m:${name}>${escapeXml(value)}</m:${name}>`,
  )
  // Blanks are not nothing, where the schema wants nothing.
  const body =
    content.length === 0
      ? `<m:${operation}/>`
      : `<m:${operation}>${content.join('')}
      </m:${operation}>`
  return `<soap:Envelope xmlns:soap="${soap}" xmlns:m="${namespace}">
   <soap:Header>${header}</soap:Header>
   <soap:Body>
      ${body}
   </soap:Body>
</soap:Envelope>`
}

function requestXml(tag, step, place, inside = '') {
  const { endpoint, soap, name } = place
  return `<con:${tag} id="${idOf(tag, name, step.name)}" name="${escapeXml(step.name)}" outgoingWss="" incomingWss="">
          <con:settings/>
          <con:encoding>UTF-8</con:encoding>
          <con:endpoint>${endpoint}</con:endpoint>
          <con:request><![CDATA[${envelopeOf(step, soap)}]]></con:request>${inside}
          <con:credentials><con:authType>No Authorization</con:authType></con:credentials>
          <con:wsaConfig mustUnderstand="NONE" version="200508"/>
        </con:${tag}>`
}

function assertionsOf(step, { senderStatus }) {
  const { fault, holds, namespace } = step
  const codes = fault === undefined ? 200 : senderStatus
  const assertion = (type, name, configuration) => `
          <con:assertion type="${type}" name="${name}"><con:configuration>${configuration}</con:configuration></con:assertion>`
  const match = (path, content) => {
    const found = `declare namespace m='${path.includes('m:problem') ? 'urn:dms:fault:1' : namespace}'; ${path}`
    const rest =
      '<allowWildcards>false</allowWildcards><ignoreNamspaceDifferences>false</ignoreNamspaceDifferences><ignoreComments>false</ignoreComments>'
    return assertion(
      'XPath Match',
      'XPath Match',
      `<path>${escapeXml(found)}</path><content>${escapeXml(content)}</content>${rest}`,
    )
  }
  return [
    // SoapUI has these two the other way round: the first is called "SOAP Fault" there, the second "Not SOAP Fault".
    fault
      ? assertion('Not SOAP Fault Assertion', 'SOAP Fault', '')
      : assertion('SOAP Fault Assertion', 'Not SOAP Fault', ''),
    assertion('SOAP Response', 'SOAP Response', ''),
    assertion('Schema Compliance', 'Schema Compliance', ''),
    assertion('Valid HTTP Status Codes', 'Valid HTTP Status Codes', `<codes>${codes}</codes>`),
    fault ? match(`count(//m:${fault})`, '1') : '',
    holds ? match(`${holds[0]}/text()`, holds[1]) : '',
  ].join('')
}

function interfaceXml({ path, steps, actions, wsdlNamespace }, place) {
  const operations = [...actions].map(([operation, action]) => {
    const step = steps.find((one) => one.operation === operation)
    if (step === undefined) throw new Error(`tools/soapui.mjs has no request for ${operation}`)
    return `
      <con:operation id="${idOf('operation', place.name, operation)}" isOneWay="false" action="${escapeXml(action)}" name="${operation}" bindingOperationName="${operation}" type="Request-Response" inputName="" receivesAttachments="false" sendsAttachments="false">
        <con:settings/>
        ${requestXml('call', step, place)}
      </con:operation>`
  })
  return `
    <con:interface xsi:type="con:WsdlInterface" id="${idOf('interface', place.name)}" wsaVersion="NONE" name="${place.name}" type="wsdl" bindingName="{${wsdlNamespace}}${place.name}" soapVersion="${place.soapVersion}" definition="${SERVER}${path}?wsdl" xmlns:xsi="${XSI}">
      <con:settings/>
      <con:endpoints><con:endpoint>${place.endpoint}</con:endpoint></con:endpoints>${operations.join('')}
    </con:interface>`
}

function suiteXml({ name, steps }, places) {
  const cases = places.map((place) => {
    const made = steps.map(
      (step) => `
        <con:testStep type="request" id="${idOf('step', place.name, step.name)}" name="${escapeXml(step.name)}">
          <con:settings/>
          <con:config xsi:type="con:RequestStep" xmlns:xsi="${XSI}">
            <con:interface>${place.name}</con:interface>
            <con:operation>${step.operation}</con:operation>
            ${requestXml('request', step, place, assertionsOf(step, place))}
          </con:config>
        </con:testStep>`,
    )
    return `
      <con:testCase id="${idOf('case', place.name)}" failOnError="false" failTestCaseOnErrors="true" keepSession="false" name="SOAP ${place.version}" searchProperties="true">
        <con:settings/>${made.join('')}
        <con:properties/>
      </con:testCase>`
  })
  return `
    <con:testSuite id="${idOf('suite', name)}" name="${name}">
      <con:settings/>
      <con:runType>SEQUENTIAL</con:runType>${cases.join('')}
      <con:properties/>
    </con:testSuite>`
}

/** A service with its namespace, the actions of its operations, and steps that have a name and a namespace. */
async function completed(service) {
  const { definitions } = await parseStringPromise(readFileSync(service.wsdl), {
    tagNameProcessors: [processors.stripPrefix],
  })
  const wsdlNamespace = definitions.$.targetNamespace
  const operations = definitions.binding[0].operation
  return {
    ...service,
    wsdlNamespace,
    actions: new Map(operations.map(({ $, operation }) => [$.name, operation[0].$.soapAction])),
    steps: service.steps.map((step) => ({ name: step.operation, namespace: wsdlNamespace, ...step })),
  }
}

const services = await Promise.all(SERVICES.map(completed))
const described = services.map((service) => ({
  service,
  places: VERSIONS.map(({ namespace, ...rest }) => ({
    ...rest,
    soap: namespace,
    name: `${service.name}Soap${rest.version.replace('.', '')}`,
    endpoint: `${SERVER}${service.path}`,
  })),
}))

process.stdout.write(`<?xml version="1.0" encoding="UTF-8"?>
<!-- Written by tools/soapui.mjs. -->
<con:soapui-project id="${idOf('project')}" activeEnvironment="Default" name="Distributed messaging service" resourceRoot="" soapui-version="5.7.2" abortOnError="false" runType="SEQUENTIAL" xmlns:con="http://eviware.com/soapui/config">
    <con:settings/>${described.map(({ service, places }) => places.map((place) => interfaceXml(service, place)).join('')).join('')}${described.map(({ service, places }) => suiteXml(service, places)).join('')}
    <con:properties/>
    <con:wssContainer/>
</con:soapui-project>
`)
