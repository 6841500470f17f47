import fc from 'fast-check'
import { numberedFileName, safeFileName } from '../../src/cli/file-name.ts'
import { harmless } from '../../src/domain/harmless.ts'

test.each([
  ['report.pdf', 'report.pdf'],
  ['déjà vu (1).tar.gz', 'déjà vu (1).tar.gz'],
  ['../../etc/passwd', 'passwd'],
  ['/etc/passwd', 'passwd'],
  ['C:\\Windows\\system32\\evil.dll', 'evil.dll'],
  ['..\\..\\evil', 'evil'],
  ['a/b/', 'b'],
  ['..', 'file'],
  ['.', 'file'],
  ['', 'file'],
  ['/', 'file'],
  ['   ', 'file'],
  ['.bashrc', 'bashrc'],
  ['...hidden', 'hidden'],
  ['-rf', 'rf'],
  ['a\0b', 'ab'],
  ['a\nb\tc', 'abc'],
  ['a\x1b[2Jb', 'a[2Jb'],
  ['photo\u202egnp.exe', 'photognp.exe'],
  ['zero\u200bwidth', 'zerowidth'],
  ['lone\ud800', 'lone'],
  ['CON', '_CON'],
  ['nul.txt', '_nul.txt'],
  ['Com1.log.gz', '_Com1.log.gz'],
  ['console.log', 'console.log'],
  ['what?*<>|:"', 'what_______'],
  ['trailing. . ', 'trailing'],
  ['cafe\u0301', 'caf\u00e9'],
])('%j is saved as %j', (name, saved) => {
  expect(safeFileName(name)).toBe(saved)
})

test('a long name is cut before its extension, between characters, and a long extension is none', () => {
  const cut = safeFileName(`${'é'.repeat(300)}.pdf`)
  expect(cut).toBe(`${'é'.repeat(98)}.pdf`)
  expect(safeFileName(`a.${'x'.repeat(300)}`)).toBe(`a.${'x'.repeat(198)}`)
})

test('a number stands before the extension', () => {
  expect([0, 1, 12].map((number) => numberedFileName('a.tar.gz', number))).toEqual([
    'a.tar.gz',
    'a.tar (1).gz',
    'a.tar (12).gz',
  ])
  expect(numberedFileName('README', 1)).toBe('README (1)')
})

test('whatever a sender says, the name is one name: short, shown as it is, and neither a path nor hidden', () => {
  const nasty = fc.array(
    fc.constantFrom('.', '/', '\\', ' ', '-', '\0', '\u202e', '~', 'con', 'a', 'é', '😀'),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        nasty.map((parts) => parts.join('')),
      ),
      (name) => {
        const saved = safeFileName(name)
        expect(saved).not.toMatch(/[/\\\0]|^[.\s-]|[.\s]$/)
        expect(saved).toBe(harmless(saved))
        expect(Buffer.byteLength(saved)).toBeGreaterThan(0)
        expect(Buffer.byteLength(numberedFileName(saved, 9999))).toBeLessThanOrEqual(255)
        // A safe name stays as it is.
        expect(safeFileName(saved)).toBe(saved)
      },
    ),
    { numRuns: 1000 },
  )
})
