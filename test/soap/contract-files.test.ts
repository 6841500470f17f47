import supertest from 'supertest'
import { readContract } from '../../src/soap/contract.ts'
import { createWebApp } from '../../src/web/web-app.ts'
import { LETTERS, readLetters } from './letters-contract.ts'

const ADDRESS = 'http://a.example/letters'

describe('a contract in several files', () => {
  test('is compiled with all that it imports', async () => {
    const { operations } = await readLetters()
    expect(operations.map(({ name, faults }) => [name, [...faults.keys()]])).toEqual([
      ['Send', ['problem', 'NoSuchPerson']],
    ])
  })

  test('is served file by file, and can be read again from what is served', async () => {
    const { documents } = await readLetters()
    const wsdl = documents.file('wsdl', undefined, ADDRESS) ?? ''
    expect(wsdl).toContain(`location="${ADDRESS}?wsdl=abstract.wsdl"`)
    expect(wsdl.match(/address location="http:\/\/a.example\/letters"/g)).toHaveLength(2)
    const abstract = documents.file('wsdl', 'abstract.wsdl', ADDRESS)
    expect(abstract).toContain(`schemaLocation="${ADDRESS}?xsd=letters.xsd"`)
    expect(documents.file('xsd', 'letters.xsd', ADDRESS)).toContain(
      `schemaLocation="${ADDRESS}?xsd=people.xsd"`,
    )
    expect(documents.file('xsd', 'people.xsd', ADDRESS)).toBe(LETTERS['/letters/people.xsd'])
  })

  test('is served in one file that says the same', async () => {
    const contract = await readLetters()
    const single = contract.documents.single(ADDRESS)
    expect(single).not.toMatch(/schemaLocation|wsdl:import/)
    const again = await readContract({ wsdlPath: 'single.wsdl', read: async () => single })
    expect(again.operations.map(({ sample }) => sample)).toEqual(
      contract.operations.map(({ sample }) => sample),
    )
  })

  test('is found by ?wsdl=, ?xsd= and ?singleWsdl; other names are 404', async () => {
    const app = createWebApp({
      services: new Map([['/letters', await readLetters()]]),
      failure: () => undefined,
    })
    const get = (query: string) =>
      supertest(app).get(`/letters${query}`).set('Host', 'a.example').buffer(true)
    for (const query of [
      '?wsdl',
      '?wsdl=abstract.wsdl',
      '?xsd=letters.xsd',
      '?XSD=people.xsd',
      '?singleWsdl',
    ]) {
      const reply = await get(query)
      expect([query, reply.status, reply.type]).toEqual([query, 200, 'text/xml'])
      expect(reply.text).not.toContain('localhost')
    }
    for (const query of [
      '?xsd',
      '?xsd=',
      '?xsd=../letters.xsd',
      '?xsd=__proto__',
      '?wsdl=letters.xsd',
      '?xsd[a]=people.xsd',
    ]) {
      expect([query, (await get(query)).status]).toEqual([query, query.includes('[') ? 200 : 404])
    }
  })

  test.each([
    [
      'a file that is not there',
      { '/letters/letters.wsdl': LETTERS['/letters/letters.wsdl']?.replace('parts/', 'lost/') },
      'there is no /letters/lost/abstract.wsdl',
    ],
    [
      'an address to fetch',
      {
        '/letters/letters.xsd': LETTERS['/letters/letters.xsd']?.replace(
          '"people.xsd"',
          '"http://a/people.xsd"',
        ),
      },
      'nothing is fetched',
    ],
    [
      'a schema of another namespace',
      { '/letters/people.xsd': LETTERS['/letters/people.xsd']?.replaceAll('urn:people', 'urn:others') },
      'is not of the namespace urn:people',
    ],
    [
      'a WSDL of another namespace',
      {
        '/letters/letters.wsdl': LETTERS['/letters/letters.wsdl']?.replace(
          'targetNamespace="urn:letters"',
          'targetNamespace="urn:other"',
        ),
      },
      'must have the targetNamespace',
    ],
    [
      'a type that no element can show',
      { '/letters/people.xsd': LETTERS['/letters/people.xsd']?.replace('[a-z]+', 'a-z') },
      'needs an example',
    ],
  ])('is refused with %s', async (_, files, message) => {
    await expect(readLetters(files as Record<string, string>)).rejects.toThrow(message)
  })
})
