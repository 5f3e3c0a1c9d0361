/** CodeMirror for GraphQL and JSON, in the page's own colors; Tab leaves it, so that the keyboard is not trapped. */
import { useEffect, useRef } from 'react'
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { json, jsonParseLinter } from '@codemirror/lang-json'
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { linter, lintKeymap } from '@codemirror/lint'
import { EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { graphql, updateSchema } from 'cm6-graphql'
import type { GraphQLSchema } from 'graphql'

const COLORS = HighlightStyle.define([
  { tag: [tags.keyword, tags.definitionKeyword, tags.operatorKeyword, tags.modifier], color: 'var(--accent)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--blue)' },
  { tag: [tags.number, tags.bool, tags.null, tags.literal], color: 'var(--honor)' },
  { tag: [tags.variableName, tags.special(tags.variableName)], color: 'var(--warn)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--ink-3)' },
  { tag: [tags.propertyName, tags.attributeName], color: 'var(--ink)' },
  { tag: [tags.typeName, tags.className, tags.atom], color: 'var(--lv6)' },
  { tag: [tags.punctuation, tags.bracket], color: 'var(--ink-2)' },
])

/** What lets the editor's style elements pass the page's policy; the server makes it anew for each answer. */
const NONCE = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.nonce ?? ''

const LOOK = EditorView.theme({
  '&': { height: '100%', fontSize: '.8125rem', backgroundColor: 'transparent' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--ink)', paddingBlock: '10px' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px' },
  '.cm-gutters': { backgroundColor: 'transparent', border: '0', color: 'var(--ink-3)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--surface-2) 55%, transparent)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    background: 'var(--accent-soft)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--accent-soft)',
    outline: '1px solid var(--accent-line)',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface)',
    border: '1px solid var(--line)',
    borderRadius: '10px',
    boxShadow: 'var(--shadow-2)',
    color: 'var(--ink)',
    overflow: 'hidden',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { background: 'var(--accent-soft)', color: 'var(--ink)' },
  '.cm-completionDetail': { color: 'var(--ink-3)', fontStyle: 'normal' },
  '.cm-completionInfo': { padding: '8px 12px', maxWidth: '36ch', font: 'var(--w-text) var(--t-sm) var(--font)' },
  '.cm-placeholder': { color: 'var(--ink-3)' },
})

interface EditorProps {
  value: string
  label: string
  language: 'graphql' | 'json'
  readOnly?: boolean
  hint?: string
  schema?: GraphQLSchema | null
  onChange?: (value: string, cursor: number) => void
  onRun?: () => void
  onDocs?: (field?: string, type?: string, parent?: string) => void
}

/** Returns the editor. `value` from outside replaces the text only when it differs, so the cursor stays while one types. */
export function Editor(props: EditorProps) {
  const { value, label, language, readOnly = false, hint = '', schema } = props
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const latest = useRef(props)
  useEffect(() => {
    latest.current = props
  })
  useEffect(() => {
    if (!place.current) return
    const editor = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          EditorView.cspNonce.of(NONCE),
          ...shared(label, readOnly, hint, () => latest.current.onRun?.()),
          language === 'json'
            ? [json(), readOnly ? [] : linter(source => (source.state.doc.length ? jsonParseLinter()(source) : []))]
            : graphql(undefined, { showErrorOnInvalidSchema: false, onShowInDocs: (...at) => latest.current.onDocs?.(...at) }),
          EditorView.updateListener.of(update => {
            if (update.docChanged) latest.current.onChange?.(update.state.doc.toString(), update.state.selection.main.head)
          }),
        ],
      }),
    })
    view.current = editor
    return () => editor.destroy()
  }, [label, language, readOnly, hint])
  useEffect(() => {
    const editor = view.current
    if (editor && editor.state.doc.toString() !== value)
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } })
  }, [value])
  useEffect(() => {
    if (view.current && language === 'graphql') updateSchema(view.current, schema ?? undefined)
  }, [schema, language])
  return <div className="editor" ref={place} />
}

function shared(label: string, readOnly: boolean, hint: string, run: () => void): Extension[] {
  const writing = [history(), closeBrackets(), autocompletion(), indentOnInput(), highlightActiveLine(), placeholder(hint)]
  return [
    keymap.of([
      {
        key: 'Mod-Enter',
        run: () => {
          run()
          return true
        },
      },
    ]),
    lineNumbers(),
    foldGutter(),
    drawSelection(),
    bracketMatching(),
    syntaxHighlighting(COLORS),
    LOOK,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': label, ...(readOnly ? { 'aria-readonly': 'true' } : {}) }),
    readOnly ? [EditorState.readOnly.of(true)] : writing,
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap]),
  ]
}
