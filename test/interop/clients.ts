import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { harmlessJson } from '../../src/domain/harmless.ts'
import type { Version } from '../soap/text-server.ts'
import type { PACKAGES } from '../support/describe-with.ts'
import { interopFile, type Peer, PYTHON, startPeer } from './soap-peer.ts'

const run = promisify(execFile)

/**
 * What a client program reads, one JSON object a line: which service (its name, the URL of its WSDL), in which version of
 * SOAP, as whom, which operation, and the fields of its request by name; a field `content` is base64 here.
 */
export interface Call {
  readonly service: 'Text' | 'MessagingService'
  readonly wsdl: string
  readonly version: Version
  readonly user?: string
  readonly password?: string
  readonly operation: string
  readonly input: Readonly<Record<string, unknown>>
}

/**
 * What it writes, one line for each: the reply's fields by name, or a fault that the client recognised as one that the
 * WSDL declares (the name of the detail's element, and its fields), or whatever else went wrong.
 */
export interface Answer {
  readonly result?: Readonly<Record<string, unknown>>
  readonly fault?: {
    readonly name: string
    readonly reason: unknown
    readonly detail: Readonly<Record<string, unknown>>
  }
  readonly error?: string
}

/** The WSDLs that code is generated from, where a client does that. */
export interface Wsdls {
  readonly text: string
  readonly messaging: string
}

/** Somebody else's SOAP library, and the program in clients/ that calls with it. */
export interface Client {
  readonly name: string
  /** Debian packages that it needs. */
  readonly packages: readonly (keyof typeof PACKAGES)[]
  /** The versions of SOAP that it speaks. */
  readonly versions: readonly Version[]
  /** What it makes of a string on the way out and back, where that is not the string itself. */
  damage?(text: string): string
  /** Whether it sends files as parts of their own (MTOM), instead of as base64 text. */
  readonly mtom?: true
  /** Generates and compiles what it needs in this folder. */
  build?(folder: string, wsdls: Wsdls): Promise<unknown>
  /** Starts it, in the folder that it was built in. */
  start(folder: string): Peer
}

const BOTH: readonly Version[] = ['1.1', '1.2']
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
}

function script(program: string, name: string): Client['start'] {
  return () => startPeer(program, [interopFile(`clients/${name}`)])
}

/** A script of clients/ that generates and compiles. */
function buildScript(name: string): NonNullable<Client['build']> {
  return (folder, { text, messaging }) => run(interopFile(`clients/${name}`), [folder, text, messaging])
}

export const CLIENTS: readonly Client[] = [
  { name: 'zeep', packages: ['python3-zeep'], versions: BOTH, start: script(PYTHON, 'zeep-client.py') },
  {
    name: 'suds',
    packages: ['python3-suds'],
    versions: ['1.1'],
    // It writes a carriage return as it is, which XML takes for a line end, and leaves alone what looks like an entity.
    damage: (text) =>
      text
        .replace(/\r\n?/g, '\n')
        .replace(/&(amp|lt|gt|quot|apos);/g, (entity) => ENTITIES[entity] ?? entity),
    start: script(PYTHON, 'suds-client.py'),
  },
  { name: 'PHP', packages: ['php-soap'], versions: BOTH, start: script('/usr/bin/php', 'php-client.php') },
  {
    name: 'Perl SOAP::Lite',
    packages: ['libsoap-lite-perl'],
    versions: BOTH,
    start: script('/usr/bin/perl', 'perl-client.pl'),
  },
  {
    name: 'gSOAP',
    packages: ['gsoap', 'libgsoap-dev', 'libcjson-dev', 'gcc'],
    versions: BOTH,
    mtom: true,
    build: buildScript('gsoap-build.sh'),
    start: (folder) => startPeer('./gsoap-client', [], folder),
  },
  {
    name: 'JAX-WS',
    packages: ['libjaxws-java', 'libgoogle-gson-java', 'default-jdk-headless'],
    versions: BOTH,
    mtom: true,
    build: buildScript('jaxws-build.sh'),
    start: (folder) => startPeer(interopFile('clients/jaxws-run.sh'), ['JaxWsClient'], folder),
  },
  {
    name: 'ASP.NET',
    packages: ['mono-devel'],
    versions: BOTH,
    // Mono writes a carriage return as it is, which XML takes for a line end.
    damage: (text) => text.replace(/\r\n?/g, '\n'),
    build: buildScript('aspnet-build.sh'),
    start: (folder) => startPeer('mono', ['AspNetClient.exe'], folder),
  },
  {
    name: 'WCF',
    packages: ['mono-devel'],
    // Not 1.2: its faults of the sender come with HTTP 400 (SOAP 1.2 part 2, 7.5.1.2), and WCF reads those with 500 alone.
    versions: ['1.1'],
    damage: (text) => text.replace(/\r\n?/g, '\n'),
    build: buildScript('wcf-build.sh'),
    start: (folder) => startPeer('mono', ['WcfClient.exe'], folder),
  },
  {
    name: 'node-soap',
    packages: [],
    versions: BOTH,
    // It takes a string that is a CDATA section for XML of the caller's.
    damage: (text) => text.replace(/^<!\[CDATA\[(.*)\]\]>$/s, '$1'),
    start: script(process.execPath, 'node-soap-client.mjs'),
  },
  {
    name: 'strong-soap',
    packages: [],
    versions: BOTH,
    // The same for one anywhere in a string; and it strips every string that it reads.
    damage: (text) => text.replace(/<!\[CDATA\[(.*)\]\]>/s, '$1').trim(),
    start: script(process.execPath, 'strong-soap-client.mjs'),
  },
]

/** Lets a client program make a call. */
export async function ask(peer: Peer, call: Call): Promise<Answer> {
  // Clients in Node.js read with node:readline, which ends lines at U+2028.
  peer.write(harmlessJson(call))
  return JSON.parse(await peer.line()) as Answer
}
