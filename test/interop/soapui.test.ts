import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { XmlDocument, XmlElement } from 'libxml2-wasm'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'

const PROJECT = 'docs/soapui/dms-soapui-project.xml'
const ADDRESS = 'http://localhost:8080'
const CON = { con: 'http://eviware.com/soapui/config' }
const WSDL = { w: 'http://schemas.xmlsoap.org/wsdl/' }
const MEDIA_TYPES: Readonly<Record<string, string>> = { '1_1': 'text/xml', '1_2': 'application/soap+xml' }

function find(
  node: XmlDocument | XmlElement,
  path: string,
  namespaces: Readonly<Record<string, string>> = CON,
): readonly XmlElement[] {
  return node.find(path, namespaces).filter((found) => found instanceof XmlElement)
}

function textAt(
  node: XmlDocument | XmlElement,
  path: string,
  namespaces: Readonly<Record<string, string>> = CON,
): string {
  return String(node.eval(`string(${path})`, namespaces))
}

interface Reply {
  readonly status: number
  readonly document: XmlDocument
}

/** What SoapUI's assertions mean, by type; each says what it finds and what it wants. Schemas are compared elsewhere. */
const ASSERTIONS: Readonly<
  Record<string, (reply: Reply, assertion: XmlElement) => readonly [unknown, unknown]>
> = {
  'SOAP Response': ({ document }) => [textAt(document, 'local-name(/*)'), 'Envelope'],
  'SOAP Fault Assertion': ({ document }) => [find(document, '//*[local-name() = "Fault"]').length, 0],
  'Not SOAP Fault Assertion': ({ document }) => [find(document, '//*[local-name() = "Fault"]').length, 1],
  'Schema Compliance': () => [true, true],
  'Valid HTTP Status Codes': ({ status }, assertion) => [
    String(status),
    textAt(assertion, 'con:configuration/codes'),
  ],
  'XPath Match'({ document }, assertion) {
    const [, prefix = '', namespace = '', path = ''] =
      /^declare namespace (\w+)='([^']*)'; (.*)$/s.exec(textAt(assertion, 'con:configuration/path')) ?? []
    const found = String(document.eval(`string(${path})`, { [prefix]: namespace }))
    return [found, textAt(assertion, 'con:configuration/content')]
  },
}

describe(PROJECT, () => {
  let source: string
  let project: XmlDocument
  beforeAll(async () => {
    source = await readFile(PROJECT, 'utf8')
    project = XmlDocument.fromString(source)
  })
  afterAll(() => project?.dispose())

  test('is what tools/soapui.mjs writes', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['tools/soapui.mjs'])
    expect(stdout).toBe(source)
  })

  test('has a request for each operation of each binding, which a test step makes as well', async () => {
    for (const contract of ['text', 'messaging']) {
      const wsdl = XmlDocument.fromString(await readFile(`wsdl/${contract}.wsdl`, 'utf8'))
      for (const binding of find(wsdl, '//w:binding', WSDL)) {
        const place = find(project, `//con:interface[@name = '${textAt(binding, '@name')}']`)[0]
        if (place === undefined) throw new Error(`no interface for ${textAt(binding, '@name')}`)
        const operations = find(binding, 'w:operation', WSDL).map((one) => textAt(one, '@name'))
        expect(find(place, 'con:operation').map((one) => textAt(one, '@name'))).toEqual(operations)
        const steps = find(
          project,
          `//con:testStep/con:config[con:interface = '${textAt(binding, '@name')}']`,
        ).map((step) => textAt(step, 'con:request/con:request'))
        for (const call of find(place, 'con:operation/con:call'))
          expect(steps).toContain(textAt(call, 'con:request'))
      }
      wsdl.dispose()
    }
  })

  describe('its test cases', () => {
    let server: RestartableServer
    beforeAll(async () => {
      server = await startRestartableServer()
    })
    afterAll(() => server?.close())

    /** Sends a step's request as it is, but to this server, with what SoapUI would put in from earlier answers. */
    async function send(step: XmlElement, earlier: ReadonlyMap<string, Reply>): Promise<Reply> {
      const place = find(project, `//con:interface[@name = '${textAt(step, './/con:interface')}']`)[0]
      if (place === undefined) throw new Error('a step without interface')
      const action = textAt(place, `con:operation[@name = '${textAt(step, './/con:operation')}']/@action`)
      const endpoint = textAt(step, './/con:endpoint')
      const type = `${MEDIA_TYPES[textAt(place, '@soapVersion')]};charset=UTF-8`
      const response = await fetch(endpoint.replace(ADDRESS, `http://127.0.0.1:${server.soapPort}`), {
        method: 'POST',
        headers: type.startsWith('text/')
          ? { 'Content-Type': type, SOAPAction: `"${action}"` }
          : { 'Content-Type': `${type};action="${action}"` },
        body: textAt(step, './/con:request/con:request').replace(
          /\$\{([^#}]+)#Response#([^}]+)\}/g,
          (whole, name: string, path: string) => {
            const reply = earlier.get(name)
            return reply === undefined ? whole : textAt(reply.document, path)
          },
        ),
      })
      return { status: response.status, document: XmlDocument.fromString(await response.text()) }
    }

    test('pass, step by step', async () => {
      const steps = find(project, '//con:testStep')
      expect(steps.length).toBeGreaterThan(0)
      const earlier = new Map<string, Reply>()
      for (const step of steps) {
        const reply = await send(step, earlier)
        earlier.get(textAt(step, '@name'))?.document.dispose()
        earlier.set(textAt(step, '@name'), reply)
        for (const assertion of find(step, './/con:assertion')) {
          const type = textAt(assertion, '@type')
          const [found, wanted] = ASSERTIONS[type]?.(reply, assertion) ?? [type, 'a known assertion']
          expect([textAt(step, '@name'), type, found]).toEqual([textAt(step, '@name'), type, wanted])
        }
      }
      for (const { document } of earlier.values()) document.dispose()
    })
  })
})
