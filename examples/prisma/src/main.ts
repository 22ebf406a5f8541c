import { buildApp } from './app.ts'

const { DATABASE = 'albums.db', UPLOADS = 'uploads', PORT = '3000' } = process.env
const app = await buildApp({ database: DATABASE, uploads: UPLOADS, migrations: '../../prisma/migrations' })
console.log(`Listening on ${await app.listen({ port: Number(PORT), host: '127.0.0.1' })}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.close())
