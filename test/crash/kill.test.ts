import { killRun } from './kill-run.ts'

const KILLS = 20
const SEED = 1

/**
 * Reliability R1, wire-protocol 3. Half of the users are the original's program, which may be shown an item again: the
 * server counts it as delivered when the peer has closed, and one that is killed before that is on disk sends it again.
 * The other half are our client, which remembers what it showed and must not show a message twice.
 */
test(`a server that is killed ${KILLS} times under load loses no acknowledged message and no receipt, shows nothing twice, and keeps the order`, async () => {
  const { acknowledged, findings, left } = await killRun({ kills: KILLS, seed: SEED })
  expect(findings).toEqual([])
  expect(left).toBe(0)
  expect(acknowledged).toBeGreaterThan(KILLS)
}, 120_000)
