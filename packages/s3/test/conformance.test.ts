import { describe, it } from '@jest/globals'
import { describeBackend } from '@filedepot/testing'
import { backendOn, openUploads, removeBucket } from './support/buckets.ts'
import { describeOnServers } from './support/servers.ts'

/** fauxqs knows no Content-Disposition; the real service shows it. */
const ON_REAL_SERVERS_ONLY = 'signs URLs that make browsers save the file where that is asked for'

describeOnServers('S3Backend', (server) => {
  const prefixes = new Map<string, string>([
    ['in a whole bucket', ''],
    ['under a prefix', 'files of an app/ünïcode & more/'],
  ])
  for (const [where, prefix] of prefixes) {
    // A real service takes its time, and with a prefix there is more that can be wrong.
    if (!server.inProcess && prefix === '') continue
    describeBackend(
      where,
      {
        create: () => backendOn(server, { prefix }),
        async destroy(backend) {
          await backend.close()
          await removeBucket(server, backend.bucket)
        },
        leftovers: ({ bucket }) => openUploads(server, bucket),
        holdsFilesInMemory: server.inProcess,
      },
      {
        describe,
        it(name, run, timeout) {
          if (!(server.inProcess && name === ON_REAL_SERVERS_ONLY)) it(name, run, timeout)
        },
      },
    )
  }
})
