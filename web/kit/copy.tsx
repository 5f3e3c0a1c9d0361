/** A button that copies a text and says that it did. */
import { useState } from 'react'
import { Icon } from './marks.tsx'

/** Returns the button; `name` tells a screen reader what is copied. */
export function CopyButton({ text, name }: { text: string; name: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await writeClipboard(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 2_000)
  }
  return (
    <button type="button" className="btn sm" aria-label={`Copy: ${name}`} onClick={() => void copy()}>
      <Icon name={copied ? 'check' : 'copy'} />
      {copied ? 'Copied' : 'Copy'}
    </button>
  )
}

/** Writes to the clipboard; over plain http on another host the modern way is missing, so a hidden field is copied instead. */
async function writeClipboard(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const field = Object.assign(document.createElement('textarea'), { value: text, className: 'vh' })
  document.body.append(field)
  field.select()
  document.execCommand('copy')
  field.remove()
}
