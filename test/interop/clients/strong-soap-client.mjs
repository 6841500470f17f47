// Calls what it is told to with strong-soap. See ../clients.ts for what it reads and writes.
import { promisify } from 'node:util'
import { soap } from 'strong-soap'
import { answerCalls } from './answer-calls.mjs'

const createClient = promisify(soap.createClient)

await answerCalls(
  soap,
  (wsdl, version) => createClient(wsdl, { forceSoapVersion: version }),
  async (client, operation, input) => (await client[operation](input)).result,
)
