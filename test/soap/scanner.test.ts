import fc from 'fast-check'
import { escapeText, escapeXml } from '../../src/soap/escape.ts'
import { DEFAULT_SOAP_LIMITS, type SoapLimits } from '../../src/soap/limits.ts'
import { type Scanner, TOKEN, XmlError } from '../../src/soap/scanner.ts'
import { createShapeScanner } from '../../src/soap/shape-scanner.ts'
import { scanXml } from '../../src/soap/xml-scanner.ts'
import { scanWithSaxes } from './saxes-scanner.ts'

/** All that a scanner yields for a document; 'refused' where it does not take it. */
function read(
  scan: Scanner,
  document: string,
  limits: SoapLimits = DEFAULT_SOAP_LIMITS,
): unknown[] | 'refused' {
  const tokens: unknown[] = []
  try {
    const reader = scan(document, limits)
    for (;;) {
      const token = reader.next()
      if (token === TOKEN.eof) return tokens
      if (token === TOKEN.end) tokens.push('end')
      if (token === TOKEN.text) tokens.push(reader.text)
      if (token === TOKEN.start) {
        const { namespace, local, attributes } = reader
        tokens.push({ namespace, local, attributes: [...attributes], type: reader.qname('p:x') })
      }
    }
  } catch (error) {
    if (!(error instanceof XmlError)) throw error
    return 'refused'
  }
}

function expectSame(document: string): void {
  const oracle = read(scanWithSaxes, document)
  try {
    expect(read(scanXml, document)).toEqual(oracle)
  } catch (error) {
    throw new Error(`not the same for ${JSON.stringify(document)}`, { cause: error })
  }
}

/** Pieces that XML is made of, whole and broken. */
const piece = fc.constantFrom(
  ...[
    '<',
    '>',
    '/>',
    '</',
    '<a',
    '<p:a',
    '</a>',
    '</p:a>',
    '<a>',
    '<b c="d">',
    '</b>',
    '<a/>',
    '=',
    '"',
    "'",
    ' ',
    '\n',
    '\r',
    '\t',
  ],
  ...[
    ' a="b"',
    " a='b'",
    ' p:a="c"',
    ' q:a="c"',
    ' xmlns="urn:a"',
    ' xmlns:p="urn:p"',
    ' xmlns:q="urn:p"',
    ' xmlns=""',
    ' xmlns:p=""',
  ],
  ...[
    ' xml:lang="en"',
    ' xmlns:xml="http://www.w3.org/XML/1998/namespace"',
    ' xmlns:xmlns="urn:x"',
    ' xmlns:p=" urn:p"',
  ],
  ...[
    '<!--',
    '-->',
    '--',
    '<!-- c -->',
    '<![CDATA[',
    ']]>',
    '<![CDATA[ <&]]>',
    '<?',
    '?>',
    '<?p i?>',
    '<!DOCTYPE a>',
    '<!',
  ],
  ...[
    '<?xml version="1.0"?>',
    "<?xml version='1.0' encoding='utf-8' standalone='no' ?>",
    '<?xml version="1.1"?>',
    '<?xml?>',
  ],
  ...[
    '&amp;',
    '&lt;',
    '&#65;',
    '&#x1F600;',
    '&#13;',
    '&#0;',
    '&#xD800;',
    '&a;',
    '&',
    ';',
    '&#;',
    '&#x;',
    '&constructor;',
    '&#000000000000065;',
  ],
  ...['text', 'é', '𝄞', '\u0085', '\u2028', '\0', '\ufffe', '\u00b7', ':', '-', '1', '__proto__', '\ufeff'],
)

describe('our scanner, against saxes', () => {
  test('yields the same, or refuses the same, for well-formed documents of any shape', () => {
    const text = fc.constantFrom(
      '',
      'a',
      ' ',
      '&lt;',
      '&#13;',
      '<![CDATA[ ]] ]]>',
      '<!---->',
      'é𝄞',
      '\r\n',
      '\n',
      '&amp;&gt;',
      '"\'',
    )
    const attribute = fc.constantFrom(
      '',
      ' a="b"',
      ' p:a = "c"',
      " a='\t&#9;'",
      ' xmlns:p="urn:q"',
      ' xmlns="urn:d"',
      ' a="1" p:a="2"',
      '\n xmlns=""',
    )
    const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
      content: fc
        .array(fc.oneof({ depthSize: 'small' }, text, tie('element')), { maxLength: 4 })
        .map((parts) => parts.join('')),
      element: fc
        .tuple(
          fc.constantFrom('a', 'p:a', 'é', 'b.c-d_1', 'constructor'),
          attribute,
          attribute,
          tie('content'),
        )
        .map(([name, one, two, content]) => `<${name}${one}${two}>${content}</${name} >`),
    }))
    fc.assert(
      fc.property(
        element,
        fc.constantFrom('', '\n', '<?xml version="1.0"?>\r\n<!-- a -->'),
        (inner, prolog) => {
          expectSame(`${prolog}<r xmlns:p="urn:p">${inner}</r>`)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('yields the same, or refuses the same, for pieces of XML in any order', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => expectSame(pieces.join(''))),
      { numRuns: 5000 },
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => expectSame(`<a${pieces.join('')}></a>`)),
      { numRuns: 3000 },
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => expectSame(`<a>${pieces.join('')}</a>`)),
      { numRuns: 3000 },
    )
  })

  test('yields the same, or refuses the same, for a document with something put in, taken out or moved', () => {
    const whole =
      '<?xml version="1.0"?><!-- a --><r xmlns:p="urn:p" xmlns="urn:d"><p:a b="c" p:b=\'d\'>x&lt;y&#13;z</p:a>\r\n<c/><![CDATA[ <e> ]]></r>\n'
    const change = fc.tuple(fc.nat(whole.length), fc.nat(6), fc.oneof(piece, fc.constant('')))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
        // By characters: half a surrogate pair is nothing that decoded bytes have.
        const changed = changes.reduce(
          (text, [at, cut, put]) => [...text.slice(0, at), ...put, ...text.slice(at + cut)],
          [...whole],
        )
        expectSame(changed.join(''))
      }),
      { numRuns: 5000 },
    )
  })

  test('agrees on every character as the start of a name, in a name, and in text', () => {
    const together = 64
    const limits = { ...DEFAULT_SOAP_LIMITS, elements: together + 10 }
    const codes = [...Array(0x10000).keys()]
      .concat([0x10000, 0x1f600, 0xeffff, 0xf0000, 0x10fffd, 0x10ffff])
      // Half a surrogate pair: what decodes bytes never makes one, and saxes does not look for them.
      .filter((code) => code < 0xd800 || code > 0xdfff)
    const places = [(at: string) => `<${at}/>`, (at: string) => `<a${at}/>`, (at: string) => `<a>${at}</a>`]
    for (const place of places) {
      for (let i = 0; i < codes.length; i += together) {
        const characters = codes.slice(i, i + together).map((code) => String.fromCodePoint(code))
        // What both take as a whole both take in each part; only where one does not are the parts looked at.
        if (bothTake(`<r>${characters.map(place).join('')}</r>`)) continue
        for (const character of characters) bothTake(place(character))
      }
    }

    /** Do both take a document; throws where they differ. */
    function bothTake(document: string): boolean {
      const [ours, oracle] = [scanXml, scanWithSaxes].map((scan) => read(scan, document, limits))
      if (JSON.stringify(ours) !== JSON.stringify(oracle)) {
        throw new Error(`${JSON.stringify(document)}: ${JSON.stringify(ours)}, not ${JSON.stringify(oracle)}`)
      }
      return ours !== 'refused'
    }
  })

  test('agrees on texts of nothing but references and what stands between them, as they are and as we write them', () => {
    const bits = [
      '&amp;',
      '&lt;',
      '&quot;',
      '&#13;',
      '&#xe9;',
      '&#8364;',
      '&#x1F600;',
      '\r\n',
      'a',
      'é',
      '€',
      '𝄞',
    ]
    const wrong = ['&#xD800;', '&#x110000;', '&Amp;', '&ampx;', '&amp', '&ap;', '&am\u00f0;', '&#49', '&#x;']
    const pieces = fc.array(fc.constantFrom(...bits), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(pieces, fc.option(fc.constantFrom(...wrong), { freq: 5 }), (parts, mistake) => {
        const written = parts.join('')
        expectSame(`<a b="${written}">${written}${mistake ?? ''}</a>`)
        const [, text] = read(scanXml, `<a>${written}</a>`) as [unknown, string]
        for (const write of [escapeXml, escapeText]) {
          expect(read(scanWithSaxes, `<a>${write(text)}</a>`)[1]).toBe(text)
          expect(write(text)).not.toMatch(/[<>\r]|&(?!amp;|lt;|gt;|quot;|#13;)/)
        }
        expect(escapeXml(text)).not.toContain('"')
      }),
      { numRuns: 1000 },
    )
  })

  test('half a surrogate pair is refused', () => {
    expect(read(scanXml, '<a>\ud800</a>')).toBe('refused')
    expect(read(scanXml, '<a>\udc00\ud800</a>')).toBe('refused')
  })

  test('and so does the one that knows shapes, whatever it has seen before', () => {
    const texts = fc.constantFrom(
      '',
      'a',
      ' ',
      'a b]]',
      ']]>',
      '&lt;',
      '\r',
      '\0',
      'é',
      '𝄞',
      '\ud800',
      '<b/>',
      '<!-- c -->',
      '<![CDATA[d]]>',
    )
    const pattern = fc.constantFrom(
      '<r xmlns="urn:r"><p:a xmlns:p="urn:p" p:x="1">@</p:a>\n@<b>@</b></r>',
      '<?xml version="1.0"?>\n<r>@<!-- @ --><a b="@"/>@</r>',
      '<r><a>@</a><a>@</a></r>',
      '<r>@</r>',
      '<r><a>@</a></r> ',
      '<r><a>@</b></r>',
    )
    const documents = fc
      .tuple(pattern, fc.array(texts, { minLength: 3, maxLength: 3 }))
      .map(([form, parts]) => parts.reduce<string>((text, part) => text.replace('@', () => part), form))
    fc.assert(
      fc.property(fc.array(documents, { minLength: 2, maxLength: 6 }), (sequence) => {
        const scan = createShapeScanner(scanXml)
        for (const document of [...sequence, ...sequence]) {
          const expected = read(scanXml, document)
          if (JSON.stringify(read(scan, document)) !== JSON.stringify(expected)) {
            throw new Error(`not the same for ${JSON.stringify(document)}`)
          }
        }
      }),
      { numRuns: 3000 },
    )
  })
})
