import type { Album } from '../entities/album.ts'
import type { RollbackReport } from '../fail-on-purpose.ts'
import { confirmed } from './confirmed.ts'
import { html, type Html } from './html.ts'
import { layout } from './layout.ts'
import type { Query } from './notice.ts'
import { photoCard } from './photo-card.ts'
import { rollbackReport } from './rollback-report.ts'
import { uploadForm } from './upload-form.ts'
import { counted } from './words.ts'

/** An album: its photos, and all that can be done to it. */
export function albumPage(
  { id, title, photos }: Album,
  { query = {}, report }: { query?: Query; report?: RollbackReport },
): Html {
  return layout(
    title,
    html`<nav aria-label="Where you are"><a href="/">Albums</a></nav>
      <div class="title">
        <h1>${title}</h1>
        <p class="quiet" id="count">${counted(photos.length, 'photo')}</p>
      </div>
      ${uploadForm(id)}
      <ul class="grid" id="photos" aria-label="Photos">
        ${photos.map(photoCard)}
      </ul>
      <form class="empty" method="post" action="/albums/${id}/samples">
        <p>Nothing hangs here yet. Add pictures of yours, or let the gallery paint some.</p>
        <button class="plain">Paint three pictures</button>
      </form>
      <section class="panel" id="rollback" aria-labelledby="rollback-title">
        <h2 id="rollback-title">Try to leave something behind</h2>
        ${
          report
            ? rollbackReport(report)
            : html`<p>
                Three pictures are added in one transaction, thumbnails and all. Then it fails on purpose, and
                you see what has stayed.
              </p>`
        }
        <form method="post" action="/albums/${id}/rollback#rollback">
          <button class="plain">${report ? 'Fail again' : 'Fail on purpose'}</button>
        </form>
      </section>
      ${confirmed({
        summary: 'Delete this album',
        warning: 'The album, all of its photos and all of their files will be gone.',
        action: `/albums/${id}/delete`,
        button: 'Delete album',
      })}`,
    query,
  )
}
