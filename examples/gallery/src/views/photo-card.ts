import type { Photo } from '../entities/photo.ts'
import { html, type Html } from './html.ts'

/** A photo among others. Our script asks for it, too, for each picture that has come. */
export function photoCard({ id, caption, image }: Pick<Photo, 'id' | 'caption' | 'image'>): Html {
  const { thumb } = image
  return html`<li class="card">
    <a href="/photos/${id}">
      <img src="${thumb.url}" alt="" width="${thumb.width}" height="${thumb.height}" loading="lazy" />
      <span class="label">${caption === '' ? image.filename : caption}</span>
    </a>
  </li>`
}
