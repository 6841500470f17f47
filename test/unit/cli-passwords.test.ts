import { createPasswords } from '../../src/cli/passwords.ts'

/** Somebody who answers questions with these. */
function person(...answers: readonly (string | undefined)[]) {
  const questions: string[] = []
  const left = [...answers]
  return {
    questions,
    ask: async (question: string) => {
      questions.push(question)
      return left.shift()
    },
  }
}

test('a new password is asked for twice, and both must be the same', async () => {
  const { questions, ask } = person('secret', 'secret', 'secret', 'sectre', '')
  const passwords = createPasswords(undefined, ask)
  expect(await passwords.chosen('alice')).toBe('secret')
  await expect(passwords.chosen('alice')).rejects.toMatchObject({ code: 'invalid-request' })
  await expect(passwords.chosen('alice')).rejects.toMatchObject({ code: 'invalid-request' })
  expect(questions[0]).toBe('new password of alice: ')
})

test('DMS_PASSWORD is taken, and nobody is asked', async () => {
  const { questions, ask } = person()
  const passwords = createPasswords('from the environment', ask)
  expect([await passwords.current('alice'), await passwords.chosen('alice')]).toEqual(
    Array(2).fill('from the environment'),
  )
  expect(questions).toEqual([])
})

test('where nobody can be asked there is no password, and choosing one says what to do', async () => {
  const passwords = createPasswords(undefined, undefined)
  expect(await passwords.current('alice')).toBeUndefined()
  await expect(passwords.chosen('alice')).rejects.toThrow('set DMS_PASSWORD')
})

test('a name that could harm the terminal does not, in a question', async () => {
  const { questions, ask } = person('x')
  await createPasswords(undefined, ask).current('a\x1b[2J')
  expect(questions).toEqual(['password of a\\x1b[2J: '])
})
