// The test server for MongoDB with so many made-up files in the database `bench`; prints its URI.
import { startMongoServer } from '@filedepot/testing/mongo-server'
import { MongoClient } from 'mongodb'

const AT_ONCE = 1000
const files = Number(process.argv[2] ?? 0)

const { uri } = await startMongoServer()
const client = await new MongoClient(uri).connect()
const collection = client.db('bench').collection('filedepot.files')
for (let start = 0; start < files; start += AT_ONCE) {
  const documents = Array.from({ length: Math.min(AT_ONCE, files - start) }, (_, index) => ({
    _id: `01890a5d-ac96-774b-bcce-${(start + index).toString(16).padStart(12, '0')}`,
    length: 0,
    chunkSize: 261_120,
    uploadDate: new Date(0),
    filename: 'made-up',
  }))
  await collection.insertMany(documents)
}
await client.close()
console.log(uri)
