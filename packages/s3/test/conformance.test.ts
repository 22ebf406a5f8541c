import { describe, it } from '@jest/globals'
import { describeBackend } from '@filedepot/testing'
import { backendOn, openUploads, removeBucket } from './support/buckets.ts'
import { describeOnServers } from './support/servers.ts'

/** fauxqs knows no Content-Disposition; the real service shows it. */
const ON_REAL_SERVERS_ONLY = 'signs URLs that make browsers save the file where that is asked for'

/**
 * Ceph forgets in its list, for good, two or three in a hundred objects that are written while they are deleted: the plain
 * client shows it, too. Nothing of filedepot writes an id twice.
 */
const NOT_ON_REAL_SERVERS = 'lists what it has after files were written and deleted at once'

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
          if (name !== (server.inProcess ? ON_REAL_SERVERS_ONLY : NOT_ON_REAL_SERVERS)) it(name, run, timeout)
        },
      },
    )
  }
})
