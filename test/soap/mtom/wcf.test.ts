import { VERSION_NAMES, VERSIONS } from '../text-server.ts'
import { FILES } from './files-contract.ts'
import { createFilesEndpoint, noise, sha256 } from './files-server.ts'
import { bodyOf, callParts, inPieces, problemOf } from './packages.ts'

const BYTES = noise(2000)
const BOUNDARY = 'uuid:0ca0e16e-feb1-426c-97d8-c4508ada5e82+id=1'

// Microsoft's own runs on no machine of ours: this is how its documentation ("Messaging Protocols") shows what it sends.
describe.each(VERSION_NAMES)('MTOM as WCF writes it, in SOAP %s', (version) => {
  const { mediaType, namespace } = VERSIONS[version]
  const body = Buffer.concat([
    Buffer.from(
      [
        '',
        `--${BOUNDARY}`,
        'Content-ID: <http://tempuri.org/0>',
        'Content-Transfer-Encoding: 8bit',
        `Content-Type: application/xop+xml;charset=utf-8;type="${mediaType}"`,
        '',
        `<s:Envelope xmlns:s="${namespace}"><s:Body><Put xmlns="${FILES}"><name>a</name><content><xop:Include href="cid:http%3A%2F%2Ftempuri.org%2F1%2F632618206521093670" xmlns:xop="http://www.w3.org/2004/08/xop/include"/></content></Put></s:Body></s:Envelope>`,
        `--${BOUNDARY}`,
        'Content-ID: <http://tempuri.org/1/632618206521093670>',
        'Content-Transfer-Encoding: binary',
        'Content-Type: application/octet-stream',
        '',
        '',
      ].join('\r\n'),
    ),
    BYTES,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ])
  const action = version === '1.1' ? '' : ';action="urn:files/Put"'
  const contentType = `multipart/related; type="application/xop+xml";start="<http://tempuri.org/0>";boundary="${BOUNDARY}";start-info="${mediaType}"${action}`

  test('is read: its boundary and the names of its parts are URIs', async () => {
    const { endpoint } = await createFilesEndpoint()
    const response = await callParts(endpoint, version, inPieces(body), { contentType })
    expect((await bodyOf(response)).toString()).toContain(`2000 ${sha256(BYTES)} application/octet-stream`)
  })

  test('is refused from Mono, which puts its boundary into the body and its type out of quotes, with the reason', async () => {
    const { endpoint } = await createFilesEndpoint()
    const response = await callParts(endpoint, version, inPieces(body), {
      contentType: 'multipart/related; type=application/xop+xml',
    })
    expect(await problemOf(response)).toEqual([
      '415',
      'this Content-Type cannot be read: a parameter is there twice, or its value has to be in quotes',
    ])
  })
})
