import { FileStorage } from '@filedepot/core'
import { GridFSBackend } from '@filedepot/gridfs'
import { MongoClient } from 'mongodb'
import { memoryRow, requestRows, withServer } from '../storage-rows.mjs'

const SERVER = new URL('../children/mongo-server.mjs', import.meta.url)
const FILES = 100_000

/** GridFS, against the test server in a process of its own, which keeps what it is given in its memory. */
export function gridfs({ quick }) {
  const mebibytes = quick ? 256 : 2048
  return withServer(SERVER, [FILES], async (uri) => [
    await memoryRow(['gridfs', uri, 'list', FILES], {
      name: `gridfs list, ${FILES} files, growth of memory`,
      goal: { atMost: 96 },
    }),
    ...(await requests(uri)),
    await memoryRow(['gridfs', uri, 'store', mebibytes], {
      name: `gridfs put, ${mebibytes} MiB stream, growth of memory`,
      goal: { atMost: 112 },
    }),
  ])
}

async function requests(uri) {
  const client = await new MongoClient(uri, { monitorCommands: true }).connect()
  let commands = 0
  client.on('commandStarted', () => commands++)
  const storage = new FileStorage('default', new GridFSBackend({ db: client.db('bench') }))
  const count = () => {
    const counted = commands
    commands = 0
    return counted
  }
  const rows = await requestRows('gridfs', storage, count, { store: 2000, open: 1000, remove: 4 })
  await client.close()
  return rows
}
