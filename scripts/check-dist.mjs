// Refuses to pack a package whose dist is missing, or older than its sources. Run by npm and pnpm as `prepack`, in the folder of
// the package.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const { name, exports } = JSON.parse(readFileSync('package.json', 'utf8'))

const built = Object.values(exports)
  .flatMap((entry) => filesOf(entry))
  .filter((path) => path.startsWith('./dist/'))
const missing = built.find((path) => !existsSync(path))
if (missing) refuse(`it has no ${missing}`)

// The build writes it last.
const builtAt = statSync(join('dist', 'cjs', 'package.json'), { throwIfNoEntry: false })?.mtimeMs
if (builtAt === undefined) refuse('its build was not finished')
const newer = readdirSync('src', { recursive: true }).find(
  (file) => statSync(join('src', file)).mtimeMs > builtAt,
)
if (newer) refuse(`src/${newer} is newer than dist`)

function filesOf(entry) {
  return typeof entry === 'string' ? [entry] : Object.values(entry).flatMap((inner) => filesOf(inner))
}

function refuse(reason) {
  console.error(`${name} cannot be packed: ${reason}. Run "npm run build" in the root of the repository.`)
  process.exit(1)
}
