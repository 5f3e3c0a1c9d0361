/** Where a file is given: by a button or dropped; its way to the server is shown and can be stopped. */
import { useId, useRef, useState, type DragEvent } from 'react'
import { figure } from '../../kit/format.ts'
import { Icon } from '../../kit/marks.tsx'
import { dayIn } from '../../kit/zone.ts'
import { go, pathOf } from '../place.tsx'
import { useVisit } from '../session.ts'
import { saveFile, upload } from './upload.ts'

const BYTES_MAX = 20 * 1_048_576

interface Sending {
  name: string
  share: number
  stop(): void
}

/** Returns the box. Once the file is there its import is opened. */
export function UploadBox() {
  const { token, say } = useVisit()
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [sending, setSending] = useState<Sending | null>(null)
  const [problem, setProblem] = useState('')
  const [isOver, setIsOver] = useState(false)
  const send = async (file: File | undefined) => {
    if (!file || sending) return
    setProblem('')
    if (file.size > BYTES_MAX) return setProblem('A file may have at most 20 MB. Split it, or send it by the API in parts.')
    const { stop, went } = upload(file, token, share => setSending(now => now && { ...now, share }))
    setSending({ name: file.name, share: 0, stop })
    const outcome = await went
    setSending(null)
    if (input.current) input.current.value = '' // The same file may be chosen again.
    if ('id' in outcome) go(pathOf('imports', outcome.id))
    else if ('aborted' in outcome) say(`The upload of ${file.name} was stopped. Nothing of it was kept.`)
    else setProblem(outcome.sentence)
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setIsOver(false)
    void send(event.dataTransfer.files[0])
  }
  const over = (event: DragEvent) => {
    event.preventDefault()
    setIsOver(true)
  }
  return (
    <section
      className="panel drop"
      aria-label="New import"
      data-over={isOver || undefined}
      onDragOver={over}
      onDragLeave={() => setIsOver(false)}
      onDrop={drop}
    >
      {sending ? (
        <OnItsWay {...sending} />
      ) : (
        <>
          <label htmlFor={id} className="btn pri file">
            <Icon name="upload" />
            Choose a CSV file
            <input
              ref={input}
              id={id}
              type="file"
              accept=".csv,text/csv"
              aria-describedby={`${id}n`}
              onChange={event => void send(event.target.files?.[0])}
            />
          </label>
          <p id={`${id}n`} className="note">
            Or drop it here. Up to {figure(200_000)} lines and 20 MB, in UTF-8, with a first line of names.
          </p>
        </>
      )}
      <p className="error" role="alert">
        {problem}
      </p>
    </section>
  )
}

function OnItsWay({ name, share, stop }: Sending) {
  const percent = Math.round(share * 100)
  const id = useId()
  return (
    <>
      <p className="sending">
        <label htmlFor={id}>
          {share < 1 ? `Sending ${name}` : `The server reads ${name}`} <b className="num">{percent}%</b>
        </label>
        <progress id={id} max={100} value={percent} />
      </p>
      <button type="button" className="btn" onClick={stop}>
        Stop
      </button>
    </>
  )
}

/** Returns a button that saves a small file of revenue to try an import with, written for the visitor. */
export function SampleButton() {
  const { viewer } = useVisit()
  const save = () => {
    const today = dayIn(viewer.tenant.timeZone, Date.now())
    const who = viewer.user?.email ?? ''
    const stamp = Date.now().toString(36)
    const lines = [
      'id,date,client,amount,recurrence,owner email',
      `S-${stamp}-1,${today},Example Ltd,1200.00,monthly,${who}`,
      `S-${stamp}-2,${today},Sample & Sons,80.50,,${who}`,
      `S-${stamp}-3,${today},Example Ltd,nine,,${who}`,
    ]
    saveFile(new Blob([`${lines.join('\r\n')}\r\n`], { type: 'text/csv' }), 'sample.csv')
  }
  return (
    <button type="button" className="btn" onClick={save}>
      <Icon name="download" />
      Save a sample file
    </button>
  )
}
