// Where the packages are: a folder of the cache that is named by what is pinned.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const folder = fileURLToPath(new URL('..', import.meta.url))

const cache = process.env.PROBE_CACHE ?? join(homedir(), '.cache', 'test-probe', 'conformance')
const pins = createHash('sha256').update(readFileSync(join(folder, 'package-lock.json'))).digest('hex')

export const home = join(cache, `kafkajs-${pins.slice(0, 12)}`)

/** Loads a package as `require` does in the folder of the cache. */
export const load = name => createRequire(join(home, 'index.js'))(name)
