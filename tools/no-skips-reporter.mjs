/** Jest reporter for CI: a test that was skipped, left to do or shut out by `.only` is a failure, for it shows nothing. */
export default class NoSkipsReporter {
  #error

  onRunComplete(_contexts, results) {
    if (results.numPendingTests + results.numTodoTests === 0) return
    const titles = results.testResults
      .flatMap((file) => file.testResults)
      .filter(({ status }) => ['pending', 'skipped', 'todo', 'disabled'].includes(status))
      .map(({ fullName }) => `  ${fullName}`)
    this.#error = new Error(
      `With CI set no test may be skipped or left to do, and these were:\n${titles.join('\n')}`,
    )
    console.error(`\n${this.#error.message}`)
  }

  getLastError() {
    return this.#error
  }
}
