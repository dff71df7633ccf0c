// Runs the checks and prints what became of each; the contract is one JSON line per check.
import { Scope } from './scope.mjs'

const DEADLINE_MS = 15_000
const AT_ONCE = 6

const checks = []

/** Adds a check; it passes when `body` returns, which gets a `Scope`. */
export function check(name, body) {
  if (checks.some(other => other.name === name)) throw new Error(`check \`${name}\` was added twice`)
  checks.push({ name, body })
}

const print = line => process.stdout.write(`${JSON.stringify(line)}\n`)

function deadline(milliseconds, what) {
  let timer
  const passed = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${milliseconds} ms`)), milliseconds)
  })
  return { passed, clear: () => clearTimeout(timer) }
}

async function within(milliseconds, what, work) {
  const limit = deadline(milliseconds, what)
  try {
    await Promise.race([work, limit.passed])
  } finally {
    limit.clear()
  }
}

function describe(error) {
  const names = [error?.name, error?.type].filter(Boolean).join(' ')
  const inner = (error?.errors ?? []).map(one => one.type ?? one.message).join(', ')
  const place = error?.name === 'AssertionError' || error?.name === 'Error' ? /checks\/\S+:\d+/.exec(error.stack) : null
  return `${names}: ${error?.message ?? error}${inner && ` [${inner}]`}${place ? ` (${place[0]})` : ''}`
}

async function runOne({ name, body }) {
  const scope = new Scope(name)
  try {
    await within(DEADLINE_MS, `check \`${name}\``, body(scope))
    print({ check: name, ok: true })
  } catch (error) {
    print({ check: name, ok: false, detail: describe(error) })
  }
  // What a check leaves open must not hold the next one.
  await within(DEADLINE_MS, `the end of \`${name}\``, scope.close()).catch(error => console.error(String(error)))
}

/** Runs all checks, several at once, each on names of its own. */
export async function run(client, version, only) {
  const chosen = checks.filter(({ name }) => !only || name.includes(only))
  const waiting = [...chosen]
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await runOne(next)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  print({ done: true, client, version, checks: chosen.length })
}
