// A test server in a process of its own, whose memory is not that of the test: the built package, as it is installed.
import { startGcsServer } from '@filedepot/testing/gcs-server'

const server = await startGcsServer({ buckets: ['files'] })
process.send({ url: server.url })
process.once('disconnect', () => void server.close())
