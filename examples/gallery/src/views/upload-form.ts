import { MAX_SIZE } from '../entities/photo.ts'
import { refusalMessage } from '../refusal.ts'
import { html, type Html } from './html.ts'

/**
 * The form for new photos. Without a script, it is a plain one, and browsers take what is dropped on its input. With our
 * script, pictures are sent one by one as soon as they are chosen, or dropped anywhere on the page.
 */
export function uploadForm(albumId: number): Html {
  return html`<form
      class="drop"
      id="upload"
      method="post"
      action="/albums/${albumId}/photos"
      enctype="multipart/form-data"
      data-max-size="${MAX_SIZE}"
      data-too-large="${refusalMessage('FILE_TOO_LARGE')}"
      data-not-an-image="${refusalMessage('NOT_AN_IMAGE')}"
      data-broken="${refusalMessage('CONTENT_FAILED')}"
    >
      <label for="files">Add pictures</label>
      <p class="quiet" id="files-hint">
        Choose them, or drop them here: JPEG, PNG, WebP, GIF or AVIF, ${MAX_SIZE / 1_000_000} MB each.
      </p>
      <div class="inline">
        <input
          id="files"
          name="photos"
          type="file"
          multiple
          required
          accept="image/jpeg,image/png,image/webp,image/gif,image/avif"
          aria-describedby="files-hint"
        />
        <button>Upload</button>
      </div>
    </form>
    <ul class="uploads" id="uploads" aria-label="Uploads"></ul>
    <p class="unseen" id="news" role="status"></p>
    <template id="upload-row">
      <li class="upload">
        <img alt="" width="56" height="56" />
        <strong></strong>
        <progress max="1" value="0"></progress>
        <span class="outcome"></span>
      </li>
    </template>`
}
