/**
 * The rules that every source file keeps: each takes a file and answers its breaches as sentences, so that a planted one
 * can be shown.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { parseSync } from 'vite'

/** The bounds of the house, as contributors read them in docs/contributing.md. */
export const BOUNDS = { lineLength: 130, functionLines: 70, fileLines: 300, roomFiles: 14, testsToCode: 0.5 } as const

/** A node of the syntax tree (ESTree). */
export interface Syntax { type: string; start: number; end: number; [key: string]: unknown }

/** A source file as the rules see it: its path from the project's root, and its text. */
export interface Source {
  path: string; text: string; program: Syntax; comments: { type: string; value: string; start: number; end: number }[]
}

/** Returns the paths of the files below `folder`, from `root`, sorted; built and installed ones apart. */
export function filesBelow(root: string, folder: string, name: RegExp): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && name.test(entry.name)
      && !/(^|\/)(node_modules|dist|\.git|\.data)(\/|$)/.test(entry.parentPath))
    .map(entry => relative(root, join(entry.parentPath, entry.name))).sort()
}

/** Returns a file, parsed; `text` stands in for what lies on disk. */
export function sourceOf(path: string, text: string): Source {
  const { program, comments, errors } = parseSync(path, text)
  if (errors.length) throw new Error(`${path} cannot be parsed: ${errors[0]!.message}`)
  return { path, text, program: program as unknown as Syntax, comments }
}

/** Returns every TypeScript file of these folders. */
export function sourcesIn(root: string, folders: readonly string[]): Source[] {
  const paths = folders.flatMap(folder => filesBelow(root, folder, /\.(ts|tsx|cjs|mjs)$/))
  return paths.map(path => sourceOf(path, readFileSync(join(root, path), 'utf8')))
}

/** Returns whether a path is a test's. */
export const isTest = (path: string): boolean => path.endsWith('.test.ts')

/** Calls `visit` for each node below `node`, itself included, with its parent. */
export function walk(node: Syntax, visit: (node: Syntax, parent: Syntax | null) => void, parent: Syntax | null = null): void {
  visit(node, parent)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child === 'object' && typeof (child as Syntax).type === 'string') walk(child as Syntax, visit, node)
    }
  }
}

const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n')
const lineAt = ({ text }: Source, offset: number): number => text.slice(0, offset).split('\n').length

/** Lines are at most 130 characters long. */
export function longLines({ path, text }: Pick<Source, 'path' | 'text'>): string[] {
  return linesOf(text)
    .flatMap((line, at) => line.length > BOUNDS.lineLength ? [`${path}:${at + 1} has ${line.length} characters`] : [])
}

/** Lines end where their words end. */
export function trailingSpaces({ path, text }: Pick<Source, 'path' | 'text'>): string[] {
  return linesOf(text).flatMap((line, at) => /\s$/.test(line) ? [`${path}:${at + 1} ends in a space`] : [])
}

/** Files are at most 300 lines long. */
export function longFile({ path, text }: Pick<Source, 'path' | 'text'>): string[] {
  const { length } = linesOf(text)
  return length > BOUNDS.fileLines ? [`${path} has ${length} lines`] : []
}

/** Functions are at most 70 lines long. A `describe` is a chapter, not a function. */
export function longFunctions(source: Source): string[] {
  const breaches: string[] = []
  walk(source.program, ({ type, start, end }, parent) => {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(type)) return
    if (parent?.type === 'CallExpression' && source.text.startsWith('describe', parent.start)) return
    const first = lineAt(source, start)
    const lines = lineAt(source, end) - first + 1
    if (lines > BOUNDS.functionLines) breaches.push(`${source.path}:${first} has a function of ${lines} lines`)
  })
  return breaches
}

/** The first thing in a file says what it is. Tests say it by their titles. */
export function headless({ path, text }: Source): string[] {
  return isTest(path) || text.startsWith('/**') ? [] : [`${path} does not begin with /** … */`]
}

/**
 * Every exported function, class and interface says what it is: above it, or in its decorator where that already tells clients.
 * Resolvers are told by their file's header.
 */
export function undocumented(source: Source): string[] {
  if (isTest(source.path)) return []
  const { program, path, text } = source
  const header = text.startsWith('/**') ? source.comments[0] : undefined
  const docs = source.comments.filter(comment => comment !== header && comment.type === 'Block' && comment.value.startsWith('*'))
  return (program.body as Syntax[]).flatMap(statement => {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration as Syntax | null : null
    const decorators = (declared?.decorators ?? []) as Syntax[]
    if (!declared || !owesDocstring(declared)) return []
    const start = Math.min(statement.start, ...decorators.map(decorator => decorator.start))
    const isTold = docs.some(({ end }) => end <= start && !text.slice(end, start).trim())
    if (isTold
      || decorators.some(decorator => /^@(Resolver|ObjectType|InputType|InterfaceType)\b/.test(text.slice(decorator.start)))) {
      return []
    }
    return [`${path}:${lineAt(source, statement.start)} exports ${nameOf(declared)} without a docstring`]
  })
}

/** Returns whether an exported declaration owes a docstring: functions, classes, and constants that are functions. */
function owesDocstring(declared: Syntax): boolean {
  if (declared.type !== 'VariableDeclaration') {
    return /^(FunctionDeclaration|ClassDeclaration|TSInterfaceDeclaration)$/.test(declared.type)
  }
  return (declared.declarations as Syntax[]).some(({ init }) => /Function/.test((init as Syntax | null)?.type ?? ''))
}

function nameOf(declared: Syntax): string {
  const named = declared.type === 'VariableDeclaration' ? (declared.declarations as Syntax[])[0]! : declared
  return (named.id as { name?: string } | null)?.name ?? 'something'
}

const BANNED = new Set(
  ['member', 'score', 'gamification', 'helper', 'util', 'handler', 'data', 'info'].flatMap(word => [word, `${word}s`]))

/**
 * Returns the banned word in a name, or null. Relay's PageInfo, pg's row methods, the role MEMBER and LAUREL_DATA are
 * what others call them.
 */
export function bannedWord(name: string): string | null {
  if (/^(pageInfo|PageInfo|handleDataRow|dataTypeID|MEMBER|LAUREL_DATA)$/.test(name)) return null
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase().split(/[^a-z0-9]+/)
  return words.find(word => BANNED.has(word)) ?? null
}

/**
 * Names that are declared here: bindings, parameters, types, members of classes and objects. What is only used was named
 * by others.
 */
export function bannedNames(source: Source): string[] {
  const breaches = new Set<string>()
  const say = (node: unknown, where: number) => {
    const { name, type } = (node ?? {}) as { name?: string; type?: string }
    const word = name && type?.endsWith('Identifier') ? bannedWord(name) : null
    if (word) breaches.add(`${source.path}:${lineAt(source, where)} names something ${name}: say something better than "${word}"`)
  }
  const fileWord = bannedWord(basename(source.path).replace(/\..*$/, ''))
  if (fileWord) breaches.add(`${source.path} has "${fileWord}" in its name`)
  walk(source.program, (node, parent) => {
    for (const declared of declaredBy(node, parent)) if (declared && !isForeign(declared, node, source)) say(declared, node.start)
  })
  return [...breaches]
}

function declaredBy(node: Syntax, parent: Syntax | null): unknown[] {
  switch (node.type) {
    case 'VariableDeclarator': return [node.id]
    case 'FunctionDeclaration': case 'FunctionExpression': case 'ArrowFunctionExpression': case 'TSDeclareFunction':
      return [node.id, ...(node.params as unknown[])]
    case 'ClassDeclaration': case 'TSInterfaceDeclaration': case 'TSTypeAliasDeclaration': case 'TSEnumDeclaration':
    case 'TSEnumMember':
      return [node.id]
    case 'PropertyDefinition': case 'MethodDefinition': case 'TSPropertySignature': case 'TSMethodSignature': return [node.key]
    case 'Property': return [parent?.type === 'ObjectPattern' && !node.shorthand ? node.value : node.key]
    default: return []
  }
}

/**
 * Shapes that others made: a GraphQL answer's `data`, a logger's `info`, a resolver's `info`, Fastify's `handler` and
 * `preHandler`, the `score` of a sorted set that a bench compares with.
 */
function isForeign(declared: unknown, node: Syntax, { path, text }: Source): boolean {
  const { name, start, end } = declared as { name?: string; start: number; end: number }
  if (name === 'score') return path.startsWith('bench/') && node.type === 'Property'
  if (name === 'data') return /^(Property|TSPropertySignature)$/.test(node.type)
  if (name === 'handler' || name === 'preHandler') return node.type === 'Property'
  if (name === 'info') {
    return /^(Property|TSMethodSignature)$/.test(node.type) || /:\s*GraphQLResolveInfo/.test(text.slice(start, end))
  }
  return false
}

/** Returns what a file imports, types and imports on the way included, as it names them. */
export function importsOf({ path, program }: Source): string[] {
  const named: string[] = []
  walk(program, ({ type, source }) => {
    const { value } = (source ?? {}) as { value?: unknown }
    // The house itself stands below all rooms, so what it loads later need not be read by the tool, which overlooks it.
    if (type === 'ImportExpression' && /^src\/[^/]+\.ts$/.test(path)) return
    if (/^(Import|Export|TSImport)/.test(type) && typeof value === 'string') named.push(value)
  })
  return named
}

/** Every test that is written runs. */
export function sleepingTests({ path, text }: Pick<Source, 'path' | 'text'>): string[] {
  const found = /\b(test|it|describe|suite)(\.\w+)*\.(only|skip|todo)\b/.exec(text)
  return isTest(path) && found ? [`${path} has ${found[0]}`] : []
}

/** No file knows the machine it was written on. */
export function machinePaths({ path, text }: Pick<Source, 'path' | 'text'>): string[] {
  return linesOf(text).flatMap((line, at) => {
    const found = /(?<![\w.*~-])\/(work|root)(?=\/|\b)/.exec(line)
    return found ? [`${path}:${at + 1} names ${found[0]}`] : []
  })
}
