// Saves rows without files whenever it is told to, with filedepot attached where a folder is given.
import { openPlain, openWithDepot } from '../people.mjs'
import { saveFileless } from '../save-fileless.mjs'

const [count, folder] = process.argv.slice(2)
const dataSource = folder === undefined ? await openPlain() : await openWithDepot(folder)

process.on('message', async () => {
  const { batch, after } = saveFileless(dataSource, Number(count))
  const start = performance.now()
  await batch()
  const milliseconds = performance.now() - start
  await after()
  process.send(milliseconds)
})
