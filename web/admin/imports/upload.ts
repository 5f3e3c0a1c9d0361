/** A file on its way to the server with its progress, and refused lines on their way back; both carry the visitor's token. */

/** How an upload went: the import that now waits, or why there is none. */
export type Uploaded = { id: string } | { sentence: string } | { aborted: true }

interface Answer {
  id?: string
  userErrors?: { message: string }[]
  errors?: { message: string }[]
}

/**
 * Sends a file, telling the share that has left (0–1), and returns how to stop it and how it went. A request of its own kind,
 * since fetch does not tell how far a body has come.
 */
export function upload(file: File, token: string, progress: (share: number) => void): { stop(): void; went: Promise<Uploaded> } {
  const request = new XMLHttpRequest()
  const went = new Promise<Uploaded>(resolve => {
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0)
    request.onerror = () => resolve({ sentence: 'The server does not answer. Nothing was kept; choose the file again.' })
    request.onabort = () => resolve({ aborted: true })
    request.onload = () => resolve(outcomeOf(request))
  })
  request.open('POST', `/imports?name=${encodeURIComponent(file.name.slice(0, 200))}`)
  request.setRequestHeader('content-type', 'text/csv')
  request.setRequestHeader('authorization', `Bearer ${token}`)
  request.send(file)
  return { stop: () => request.abort(), went }
}

function outcomeOf({ status, responseText }: XMLHttpRequest): Uploaded {
  let answer: Answer = {}
  try {
    answer = JSON.parse(responseText) as Answer
  } catch {
    // Something between us and the server answered in its own words.
  }
  if (answer.id) return { id: answer.id }
  const reason = answer.userErrors?.[0]?.message ?? answer.errors?.[0]?.message
  return { sentence: reason ?? `The server answered ${status} without a reason. Nothing was kept.` }
}

/** Has the browser save the refused lines of an import as CSV. @throws TypeError | Error when they cannot be had */
export async function saveRefusedLines(importId: string, name: string, token: string): Promise<void> {
  const response = await fetch(`/imports/${importId}/errors.csv`, { headers: { authorization: `Bearer ${token}` } })
  if (!response.ok) throw new Error(`The server answered ${response.status}.`)
  saveFile(await response.blob(), `${name.replace(/\.csv$/i, '')}-refused.csv`)
}

/** Has the browser save these bytes under a name. */
export function saveFile(content: Blob, name: string): void {
  const address = URL.createObjectURL(content)
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000) // The browser has begun to read it by then.
}
