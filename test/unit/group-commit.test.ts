import { createGroupCommit, type GroupCommit } from '../../src/backend/lmdb/group-commit.ts'

const UNAVAILABLE = { code: 'unavailable' }

describe('a group commit', () => {
  /** What happened, in order. */
  let events: string[]
  /** The commits that were handed over, to be ended by the test. */
  let writes: { done(): void; fail(): void }[]
  let changed: boolean
  let commits: GroupCommit

  beforeEach(() => {
    events = []
    writes = []
    changed = true
    commits = createGroupCommit({
      write() {
        if (!changed) return undefined
        events.push('write')
        return new Promise((resolve, reject) => {
          writes.push({ done: () => resolve(undefined), fail: () => reject(new Error('disk')) })
        })
      },
      committed: () => events.push('committed'),
      failed: () => events.push('failed'),
    })
  })

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  /** Resolves when so many commits have been handed over. */
  async function written(count: number): Promise<void> {
    while (writes.length < count) await turn()
  }

  const join = (name: string): Promise<unknown> =>
    commits.join().then(
      () => events.push(name),
      (error) => {
        expect(error).toMatchObject(UNAVAILABLE)
        events.push(`${name} refused`)
      },
    )

  test('carries all that one turn brings', async () => {
    const joined = [join('a'), join('b'), join('c')]
    await written(1)
    writes[0]?.done()
    await Promise.all(joined)
    expect(events).toEqual(['write', 'committed', 'a', 'b', 'c'])
  })

  test('what rides goes with the next commit that somebody joins', async () => {
    const riding = commits.ride().then(() => events.push('rider'))
    const joined = join('a')
    await written(1)
    writes[0]?.done()
    await Promise.all([riding, joined])
    expect(events).toEqual(['write', 'committed', 'rider', 'a'])
  })

  test('what rides and finds nobody to go with makes a commit of its own', async () => {
    const riding = commits.ride()
    await written(1)
    writes[0]?.done()
    await riding
    expect(events).toEqual(['write', 'committed'])
  })

  test('is not idle before what rides is on disk', async () => {
    const riding = commits.ride().then(() => events.push('rider'))
    const idle = commits.idle().then(() => events.push('idle'))
    await written(1)
    writes[0]?.done()
    await Promise.all([riding, idle])
    expect(events).toEqual(['write', 'committed', 'rider', 'idle'])
  })

  test('what comes while one is under way shares the next, and waits for it', async () => {
    const first = join('a')
    await written(1)
    const later = [join('b'), join('c')]
    writes[0]?.done()
    await first
    await written(2)
    expect(events).toEqual(['write', 'committed', 'a', 'write'])
    writes[1]?.done()
    await Promise.all(later)
    expect(events).toEqual(['write', 'committed', 'a', 'write', 'committed', 'b', 'c'])
  })

  test('that fails takes what came meanwhile along, since that builds on it', async () => {
    const first = join('a')
    await written(1)
    const second = join('b')
    writes[0]?.fail()
    await Promise.all([first, second])
    expect(events).toEqual(['write', 'failed', 'a refused', 'b refused'])
    const third = join('c')
    await written(2)
    writes[1]?.done()
    await third
    expect(events.slice(4)).toEqual(['write', 'committed', 'c'])
  })

  test('that throws before anything was handed over has failed', async () => {
    commits = createGroupCommit({
      write() {
        throw new Error('cannot encode')
      },
      committed: () => events.push('committed'),
      failed: () => events.push('failed'),
    })
    await join('a')
    expect(events).toEqual(['failed', 'a refused'])
  })

  test('is over at once when nothing has changed', async () => {
    changed = false
    await join('a')
    expect(events).toEqual(['a'])
  })

  test('is idle when nothing is under way', async () => {
    await commits.idle()
    void join('a')
    const idle = commits.idle().then(() => events.push('idle'))
    await written(1)
    await turn()
    writes[0]?.done()
    await idle
    expect(events).toEqual(['write', 'committed', 'a', 'idle'])
  })
})
