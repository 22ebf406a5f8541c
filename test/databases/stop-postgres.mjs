import { rm } from 'node:fs/promises'

export default async function stopPostgres() {
  const { filedepotPostgres } = globalThis
  if (!filedepotPostgres) return
  delete globalThis.filedepotPostgres
  delete process.env.FILEDEPOT_TEST_POSTGRES_URL
  await filedepotPostgres.postgres.stop()
  await rm(filedepotPostgres.folder, { recursive: true, force: true })
}
