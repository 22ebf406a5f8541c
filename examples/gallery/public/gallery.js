// What a plain form cannot do: pictures that are dropped anywhere, sent one by one, each with a bar that shows how far it is.

const AT_A_TIME = 3

const form = document.querySelector('#upload')
if (form) enhance(form)

function enhance(form) {
  const input = form.querySelector('input[type=file]')
  form.classList.add('enhanced')
  input.addEventListener('change', () => {
    void uploadAll([...input.files])
    input.value = ''
  })

  addEventListener('dragover', (event) => {
    if (!event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    form.classList.add('over')
  })
  addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) form.classList.remove('over')
  })
  addEventListener('drop', (event) => {
    if (!event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    form.classList.remove('over')
    void uploadAll([...event.dataTransfer.files])
  })
}

async function uploadAll(files) {
  const list = document.querySelector('#uploads')
  // What has been dealt with goes when something new comes.
  for (const row of list.querySelectorAll('.added, .refused')) row.remove()
  const rows = files.map((file) => rowFor(file, list))

  let added = 0
  const waiting = rows.values()
  const worker = async () => {
    for (const row of waiting) if (await upload(row)) added++
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))

  const news = document.querySelector('#news')
  const failed = rows.length - added
  news.textContent = `${added} added${failed > 0 ? `, ${failed} not: the reasons are in the list of uploads` : ''}.`
}

function rowFor(file, list) {
  const element = document.querySelector('#upload-row').content.firstElementChild.cloneNode(true)
  element.querySelector('strong').textContent = file.name
  element.querySelector('progress').ariaLabel = `Upload of ${file.name}`
  list.append(element)
  return { file, element }
}

/** Sends a picture; resolves with whether it was taken. */
async function upload({ file, element }) {
  const outcome = element.querySelector('.outcome')
  try {
    await check(file, element.querySelector('img'))
    const { html } = await send(file, element)
    document.querySelector('#photos').insertAdjacentHTML('beforeend', html)
    const count = document.querySelectorAll('#photos > li').length
    document.querySelector('#count').textContent = `${count} photo${count === 1 ? '' : 's'}`
    element.classList.add('added')
    outcome.textContent = 'Added'
    return true
  } catch (error) {
    element.classList.add('refused')
    outcome.textContent = error.message
    return false
  }
}

/** Shows the picture, and does not send what cannot be one. What is sent is looked at again by the server. */
async function check(file, image) {
  if (file.size > Number(form.dataset.maxSize)) throw new Error(form.dataset.tooLarge)
  const url = URL.createObjectURL(file)
  image.src = url
  try {
    await image.decode()
  } catch {
    image.removeAttribute('src')
    throw new Error(form.dataset.notAnImage)
  } finally {
    URL.revokeObjectURL(url)
  }
}

/** XMLHttpRequest, as fetch does not say how much of a body has been sent. */
function send(file, element) {
  const progress = element.querySelector('progress')
  const body = new FormData()
  body.append('photos', file)
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', form.action)
    request.setRequestHeader('Accept', 'application/json')
    request.responseType = 'json'
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      progress.value = loaded / total
      if (loaded === total) element.querySelector('.outcome').textContent = 'Making thumbnails …'
    })
    request.addEventListener('load', () => {
      if (request.status === 201) resolve(request.response)
      else reject(new Error(request.response?.message ?? form.dataset.broken))
    })
    request.addEventListener('error', () => reject(new Error(form.dataset.broken)))
    request.send(body)
  })
}
