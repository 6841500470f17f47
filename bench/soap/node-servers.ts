import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import express from 'express'
import soap from 'soap'
import { trim } from './call.ts'

/** The peers on Node, each on a free port of 127.0.0.1, which this process prints: `node-servers.ts bare|node-soap`. */
const SERVERS: Readonly<Record<string, (server: Server) => void>> = {
  bare(server) {
    server.on('request', (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const found = /<string>([^<]*)<\/string>/.exec(text)?.[1] ?? ''
        const body = text.replace(found, trim(found))
        response.writeHead(200, { 'Content-Type': 'text/xml; charset=utf-8', 'Content-Length': body.length })
        response.end(body)
      })
    })
  },
  'node-soap'(server) {
    const app = express()
    server.on('request', app)
    const wsdl = readFileSync(fileURLToPath(new URL('../../wsdl/text.wsdl', import.meta.url)), 'utf8')
    const operations = {
      remove_spaces: ({ string }: { string: string }) => ({ remove_spacesResult: trim(string) }),
      remove: ({ string }: { string: string }) => ({ removeResult: string }),
    }
    soap.listen(app, '/', { Text: { TextSoap11: operations, TextSoap12: operations } }, wsdl)
  },
}

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  SERVERS[process.argv[2] ?? '']?.(server)
  console.log((server.address() as AddressInfo).port)
})
