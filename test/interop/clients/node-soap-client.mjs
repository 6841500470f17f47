// Calls what it is told to with node-soap. See ../clients.ts for what it reads and writes.
import soap from 'soap'
import { answerCalls } from './answer-calls.mjs'

const VERSIONS = { 1.1: {}, 1.2: { forceSoap12Headers: true } }
/** node-soap strips every string unless it is asked not to, and then only where it has not cached the WSDL. */
const EXACTLY = { preserveWhitespace: true, disableCache: true }

await answerCalls(
  soap,
  (wsdl, version) => soap.createClientAsync(wsdl, { ...EXACTLY, ...VERSIONS[version] }),
  async (client, operation, input) => (await client[`${operation}Async`](input))[0],
)
