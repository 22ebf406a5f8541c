import { UploadedFile } from '@filedepot/core'
import { randomBytes, randomUUID } from 'node:crypto'
import { rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compare, emptyFolder, KIB } from '../harness.mjs'
import { openPlain, openWithDepot, Person, PlainPerson } from '../people.mjs'
import { compared } from '../report.mjs'

const BATCH = 25
const GOALS = { save: 1.1, replace: 1.2, remove: 1.15 }
const BYTES = randomBytes(KIB)

/**
 * Rows with a file of 1 KiB, against the same by hand: write the file, then save the row. Both in one process, and
 * not against the sum of the two measured alone: a database that blocks the loop and a thread pool disturb each other.
 */
export async function typeormFiles({ quick, scratch }) {
  const rows = []
  for (const operation of ['save', 'replace', 'remove']) {
    const people = [
      await peopleByHand(scratch.folder()),
      await peopleByHand(scratch.folder()),
      await peopleOfDepot(scratch.folder()),
    ]
    const [floor, control, subject] = people.map((people) => contend(operation, people))
    const result = await compare({ floor, control, subject, rounds: quick ? 20 : 150 })
    rows.push(
      compared(`typeorm ${operation}, 1 KiB file`, result, {
        operations: BATCH,
        goal: { atMost: GOALS[operation] },
      }),
    )
    for (const { dataSource } of people) await dataSource.destroy()
  }
  return rows
}

/** A batch of one operation; the rows that it needs are saved before the clock starts. */
function contend(operation, people) {
  let saved = []
  const saveAll = async () => {
    saved = []
    for (let index = 0; index < BATCH; index++) saved.push(await people.save(`Ada ${index}`))
  }
  const runAll = async () => {
    for (const person of saved) await people[operation](person)
  }
  return {
    before: operation === 'save' ? undefined : saveAll,
    batch: operation === 'save' ? saveAll : runAll,
    after: async () => {
      await people.clear()
      emptyFolder(people.folder)
    },
  }
}

async function peopleOfDepot(folder) {
  const dataSource = await openWithDepot(folder)
  const repository = dataSource.getRepository(Person)
  return {
    folder,
    dataSource,
    save: (name) => repository.save(make(Person, name, photo())),
    async replace({ id }) {
      const person = await repository.findOneByOrFail({ id })
      person.photo = photo()
      await repository.save(person)
    },
    remove: (person) => repository.remove(person),
    clear: () => dataSource.query('DELETE FROM person'),
  }
}

/** The floor: what a careful programmer writes who does not mind files that a failed save leaves behind. */
async function peopleByHand(folder) {
  const dataSource = await openPlain()
  const repository = dataSource.getRepository(PlainPerson)
  const pathOf = ({ photo }) => join(folder, JSON.parse(photo).id)
  return {
    folder,
    dataSource,
    save: async (name) => repository.save(make(PlainPerson, name, await putByHand(folder))),
    async replace({ id }) {
      const photo = await putByHand(folder)
      const person = await repository.findOneByOrFail({ id })
      const before = pathOf(person)
      person.photo = photo
      await repository.save(person)
      await unlink(before)
    },
    async remove(person) {
      const path = pathOf(person)
      await repository.remove(person)
      await unlink(path)
    },
    clear: () => dataSource.query('DELETE FROM plain_person'),
  }
}

function photo() {
  return UploadedFile.from(BYTES, { filename: 'ada.bin' })
}

/** What filedepot keeps in a row, so that the rows are equally long; only the id is made anew. */
const TEXT = {
  storage: 'default',
  id: '',
  filename: 'ada.bin',
  contentType: 'application/octet-stream',
  size: BYTES.byteLength,
  sha256: 'f'.repeat(64),
  uploadedAt: '2026-01-01T00:00:00.000Z',
}

async function putByHand(folder) {
  const id = randomUUID()
  const path = join(folder, id)
  await writeFile(`${path}.tmp`, BYTES)
  await rename(`${path}.tmp`, path)
  return JSON.stringify({ ...TEXT, id })
}

function make(type, name, photo) {
  return Object.assign(new type(), { name, email: 'ada@example.com', photo })
}
