import type { Photo } from '../entities/photo.ts'
import { confirmed } from './confirmed.ts'
import { html, type Html } from './html.ts'
import { layout } from './layout.ts'
import type { Query } from './notice.ts'
import { bytesInWords } from './words.ts'

/** A photo: large, with what is known of it and its files, and all that can be done to it. */
export function photoPage({ id, caption, album, image }: Photo, query: Query): Html {
  const { large } = image
  const name = caption === '' ? image.filename : caption
  return layout(
    name,
    html`<nav aria-label="Where you are">
        <a href="/">Albums</a> <span aria-hidden="true">/</span>
        <a href="/albums/${album.id}">${album.title}</a>
      </nav>
      <div class="exhibit">
        <a class="frame" href="${image.url}" aria-label="${name}, in full size">
          <img src="${large.url}" alt="${name}" width="${large.width}" height="${large.height}" />
        </a>
        <div class="plaque">
          <h1>${name}</h1>
          <dl>
            <dt>Name</dt>
            <dd>${image.filename}</dd>
            <dt>Format</dt>
            <dd>${image.contentType}</dd>
            <dt>Size</dt>
            <dd>${image.width} × ${image.height} pixels, ${bytesInWords(image.size ?? 0)}</dd>
            <dt>SHA-256</dt>
            <dd class="code">${image.sha256?.slice(0, 16)}…</dd>
          </dl>
          <details>
            <summary>${image.files.length} files belong to this row</summary>
            <ul class="code">
              ${image.files.map((path) => html`<li>${path}</li>`)}
            </ul>
          </details>
          <form method="post" action="/photos/${id}/caption">
            <label for="caption">Caption</label>
            <div class="inline">
              <input id="caption" name="caption" value="${caption}" maxlength="200" autocomplete="off" />
              <button class="plain">Save caption</button>
            </div>
          </form>
          <form method="post" action="/photos/${id}/image" enctype="multipart/form-data">
            <label for="image">Another picture in its place</label>
            <div class="inline">
              <input
                id="image"
                name="image"
                type="file"
                required
                accept="image/jpeg,image/png,image/webp,image/gif,image/avif"
              />
              <button class="plain">Replace</button>
            </div>
          </form>
          ${confirmed({
            summary: 'Delete this photo',
            warning: 'The photo and its files will be gone.',
            action: `/photos/${id}/delete`,
            button: 'Delete photo',
          })}
        </div>
      </div>`,
    query,
  )
}
