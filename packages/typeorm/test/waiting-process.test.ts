import { expect, it } from '@jest/globals'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

it('a program ends no earlier than the commit that it waits for, where nothing else keeps it alive', async () => {
  const code = `
    const { DepotManager, MemoryBackend, UploadedFile } = require('@filedepot/core')
    const { attachDepot, uploadedFileColumn } = require('@filedepot/typeorm')
    const { DataSource, EntitySchema } = require('typeorm')
    const id = { type: Number, primary: true, generated: true }
    const Doc = new EntitySchema({ name: 'doc', columns: { id, file: uploadedFileColumn() } })
    class Hanging extends MemoryBackend {
      delete() {
        return new Promise(() => undefined)
      }
    }
    const depot = new DepotManager()
    depot.configure('default', new Hanging())
    const options = { type: 'better-sqlite3', database: ':memory:', entities: [Doc], synchronize: true }
    const main = async () => {
      const dataSource = await attachDepot(new DataSource(options), depot, { maxWait: 50 }).initialize()
      const doc = await dataSource.getRepository(Doc).save({ file: UploadedFile.from(Buffer.alloc(10)) })
      await dataSource.getRepository(Doc).remove(doc)
      console.log('removed')
    }
    void main()
  `

  const { stdout } = await run(process.execPath, ['-e', code], { cwd: new URL('..', import.meta.url) })

  expect(stdout).toBe('removed\n')
})
