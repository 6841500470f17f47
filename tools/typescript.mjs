/** `node --import ./tools/typescript.mjs file.ts`: runs TypeScript sources as they are, also on Node 20. Not for the server, which is built. */
import { register } from 'node:module'

register('./typescript-hooks.mjs', import.meta.url)
