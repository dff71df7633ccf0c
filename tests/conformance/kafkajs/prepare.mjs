// Installs the pinned packages outside the source tree, once for each lock file.
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { folder, home } from './lib/packages.mjs'

if (!existsSync(join(home, 'node_modules', '.package-lock.json'))) {
  mkdirSync(home, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(folder, file), join(home, file))
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: home, stdio: ['ignore', 2, 2] })
}
// For those who need the packages for a service of their own (tests/examples).
console.log(join(home, 'node_modules'))
