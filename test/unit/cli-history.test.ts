import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HISTORY_LINES, openHistory } from '../../src/cli/history.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dms-history-'))
  file = join(folder, 'state', 'dms', 'history')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('what one run typed the next one finds, texts included', () => {
  const first = openHistory(file)
  for (const line of ['CONNECT alice', 'SEND bob hi,   there', 'SEND bob hi,   there', '  ']) first.add(line)
  expect(openHistory(file).lines).toEqual(['CONNECT alice', 'SEND bob hi,   there'])
})

test('nobody else can read it, also where it was readable before', () => {
  openHistory(file).add('SEND bob a secret')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  chmodSync(file, 0o644)
  openHistory(file)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('two clients at the same time both leave their lines', () => {
  const [one, other] = [openHistory(file), openHistory(file)]
  one.add('CONNECT alice')
  other.add('CONNECT bob')
  expect(openHistory(file).lines).toEqual(['CONNECT alice', 'CONNECT bob'])
})

test('it is bounded: the newest lines stay', () => {
  const history = openHistory(file)
  for (let at = 0; at < HISTORY_LINES + 50; at += 1) history.add(`CONNECT user${at}`)
  expect(openHistory(file).lines).toHaveLength(HISTORY_LINES)
  const kept = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(kept).toHaveLength(HISTORY_LINES)
  expect(kept.at(-1)).toBe(`CONNECT user${HISTORY_LINES + 49}`)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a line that would move the cursor is neither kept nor read', () => {
  openHistory(file).add('SEND bob \x1b[2J')
  writeFileSync(file, 'CONNECT alice\nSEND bob \x1b[2J\n')
  expect(openHistory(file).lines).toEqual(['CONNECT alice'])
})

test('a file that cannot be kept is said so once, and typing goes on', () => {
  writeFileSync(join(folder, 'state'), 'a file where a folder should be')
  const history = openHistory(file)
  expect(history.failure).toContain(folder)
  history.add('CONNECT alice')
  expect(history.lines).toEqual([])
})

test('without a file nothing is kept', () => {
  const history = openHistory(undefined)
  history.add('CONNECT alice')
  expect(history).toMatchObject({ lines: [], failure: undefined })
})
