import { refusalMessage } from '../refusal.ts'
import { html, type Html } from './html.ts'

/** The part of an address after its `?`. */
export type Query = Readonly<Record<string, unknown>>

const DONE: Record<string, string> = {
  'album-deleted': 'The album is gone, and with it its photos and all of their files.',
  'caption-saved': 'The caption is saved.',
  'photo-deleted': 'The photo is gone, and its files with it.',
  'photo-replaced': 'The new picture is here. The files of the old one are gone.',
  'photos-added': 'The pictures are here.',
}

/** What the last form has brought about. An address only chooses among these messages; it cannot bring one. */
export function notice({ done, refused }: Query): Html | undefined {
  const problem = refusalMessage(refused)
  if (problem !== undefined) return html`<p class="notice problem" role="alert">${problem}</p>`
  if (typeof done === 'string' && Object.hasOwn(DONE, done))
    return html`<p class="notice" role="status">${DONE[done]}</p>`
  return undefined
}
