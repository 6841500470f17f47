import { BIOME, jest, KNIP, runNode, TSC } from './children.mjs'
import { prepare } from './prepare.mjs'

/** The steps of `npm run check`, quickest first. Tests come last, so that Jest has the last word. */
const STEPS = {
  lint: { what: 'format and lint', run: () => runNode([BIOME, 'check', '--error-on-warnings', '.']) },
  types: { what: 'types', run: () => runNode([TSC, '-p', 'tsconfig.json']) },
  unused: { what: 'unused code', run: () => runNode([KNIP]) },
  tests: {
    what: 'tests',
    run: () => {
      prepare()
      return jest([])
    },
  },
}

/** Runs the steps named (all of them, if none is) one after the other, and resolves to the first exit code that is not 0. */
export async function check(names) {
  const unknown = names.find((name) => !Object.hasOwn(STEPS, name))
  if (unknown !== undefined) {
    console.error(`check: no step "${unknown}"; there are ${Object.keys(STEPS).join(', ')}`)
    return 2
  }
  for (const name of names.length > 0 ? names : Object.keys(STEPS)) {
    const { what, run } = STEPS[name]
    console.error(`\n== ${what}`)
    const started = performance.now()
    const code = await run()
    // Jest says its time itself, in the lines that must stay last.
    if (code === 0 && name === 'tests') continue
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.error(code === 0 ? `== ${what}: good, ${seconds} s` : `== ${what}: FAILED, ${seconds} s`)
    if (code !== 0) return code
  }
  return 0
}
