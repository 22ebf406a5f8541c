// Files as a careful programmer keeps them who does not mind those that a failed save leaves behind.
import { randomUUID } from 'node:crypto'
import { rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repeat } from './harness.mjs'
import { BYTES } from './people.mjs'

/** How many files are written or removed at the same time where there are many. */
const IN_FLIGHT = 16

/** What filedepot keeps in a row, so that the rows are equally long; only the id is made anew. */
export const VALUE = {
  storage: 'default',
  id: '019ab0f2-0000-7000-8000-000000000000',
  filename: 'ada.bin',
  contentType: 'application/octet-stream',
  size: BYTES.byteLength,
  sha256: 'f'.repeat(64),
  uploadedAt: '2026-01-01T00:00:00.000Z',
}

/** Writes a file and resolves with the text for its row. */
export async function putByHand(folder) {
  const id = randomUUID()
  const path = join(folder, id)
  await writeFile(`${path}.tmp`, BYTES)
  await rename(`${path}.tmp`, path)
  return JSON.stringify({ ...VALUE, id, files: [`default/${id}`] })
}

export async function putAllByHand(folder, count) {
  const texts = []
  await repeat(count, IN_FLIGHT, async (index) => {
    texts[index] = await putByHand(folder)
  })
  return texts
}

/** Removes the file of a row with this text. */
export async function unlinkByHand(folder, text) {
  await unlink(join(folder, JSON.parse(text).id))
}

export async function unlinkAllByHand(folder, texts) {
  await repeat(texts.length, IN_FLIGHT, (index) => unlinkByHand(folder, texts[index]))
}

/** What TypeORM does with people whose files are kept by hand. */
export function peopleByHand({ folder, repository, make }) {
  return {
    save: async (name) => repository.save(make(name, await putByHand(folder))),
    async replace({ id }) {
      const photo = await putByHand(folder)
      const person = await repository.findOneByOrFail({ id })
      const before = person.photo
      person.photo = photo
      await repository.save(person)
      await unlinkByHand(folder, before)
    },
    async remove(person) {
      await repository.remove(person)
      await unlinkByHand(folder, person.photo)
    },
  }
}

/** What Prisma does with users whose files are kept by hand. */
export function usersByHand({ folder, user }) {
  const putJson = async () => JSON.parse(await putByHand(folder))
  return {
    create: async (name) => user.create({ data: { name, avatar: await putJson() } }),
    async update({ id, avatar }) {
      await user.update({ where: { id }, data: { avatar: await putJson() } })
      await unlinkByHand(folder, JSON.stringify(avatar))
    },
    async delete({ id, avatar }) {
      await user.delete({ where: { id } })
      await unlinkByHand(folder, JSON.stringify(avatar))
    },
  }
}
