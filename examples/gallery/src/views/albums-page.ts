import type { Album } from '../entities/album.ts'
import { html, type Html } from './html.ts'
import { layout } from './layout.ts'
import type { Query } from './notice.ts'
import { counted } from './words.ts'

/** The first page: all albums, and a form for a new one. */
export function albumsPage(albums: readonly Album[], query: Query): Html {
  return layout(
    'Albums',
    html`<div class="title">
        <h1>Albums</h1>
        <form class="inline" method="post" action="/albums">
          <label for="title">New album</label>
          <input
            id="title"
            name="title"
            required
            maxlength="100"
            autocomplete="off"
            placeholder="A week in Lisbon"
          />
          <button>Create album</button>
        </form>
      </div>
      ${
        albums.length === 0
          ? html`<p class="empty">No albums yet. Give the first one a title, and it opens.</p>`
          : html`<ul class="grid albums">
              ${albums.map(albumCard)}
            </ul>`
      }`,
    query,
  )
}

function albumCard({ id, title, photos }: Album): Html {
  const cover = photos[0]?.image.thumb
  return html`<li class="card">
    <a href="/albums/${id}">
      ${
        cover
          ? html`<img src="${cover.url}" alt="" width="${cover.width}" height="${cover.height}" />`
          : html`<span class="blank"></span>`
      }
      <span class="label"
        ><strong>${title}</strong> <span class="quiet">${counted(photos.length, 'photo')}</span></span
      >
    </a>
  </li>`
}
