// Saves rows without files whenever it is told how many, with filedepot attached where a folder is given.
import { openPlain, openWithDepot } from '../people.mjs'
import { saveFileless } from '../save-fileless.mjs'

const [folder] = process.argv.slice(2)
const dataSource = folder === undefined ? await openPlain() : await openWithDepot(folder)

process.on('message', async (count) => {
  const { batch, after } = saveFileless(dataSource, count)
  const start = performance.now()
  await batch()
  const milliseconds = performance.now() - start
  await after()
  process.send(milliseconds)
})
