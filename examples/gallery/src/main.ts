// Starts the gallery, and says where it is: on SQLite and local disk, or wherever the environment says.
import 'reflect-metadata'
import type { AddressInfo } from 'node:net'
import { createApp } from './app.ts'
import { openGallery } from './open-gallery.ts'

const { HOST = '127.0.0.1', PORT = '0' } = process.env

const gallery = await openGallery(process.env)
const server = createApp(gallery).listen(Number(PORT), HOST, (error) => {
  if (error) throw error
  const { address, port, family } = server.address() as AddressInfo
  console.log(`The gallery is open at http://${family === 'IPv6' ? `[${address}]` : address}:${port}`)
  console.log(`It keeps ${gallery.places}`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => void gallery.close())
    server.closeIdleConnections()
  })
}
