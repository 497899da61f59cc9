// Proves the shape of the repository: imports point down, core stands alone, optional peers stay behind
// their own entry, no file imports itself through others, and the lockfile names no download address.
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { root } from './workspace.mjs'

const scope = '@tesserae/'
const problems = []
const builtins = new Set(builtinModules)

/** Every import of a file with its kind: `type` costs nothing at run time, `lazy` only when called. */
function importsOf(path) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ESNext, true)
  const found = []
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) {
      const typeOnly = node.importClause?.isTypeOnly ?? false
      found.push({ to: node.moduleSpecifier.text, kind: typeOnly ? 'type' : 'static' })
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      found.push({ to: node.moduleSpecifier.text, kind: node.isTypeOnly ? 'type' : 'static' })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments
      if (argument && ts.isStringLiteralLike(argument)) found.push({ to: argument.text, kind: 'lazy' })
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      found.push({ to: node.argument.literal.text, kind: 'type' })
    }
    if (ts.isAwaitExpression(node) && isTopLevel(node)) {
      problems.push(`${relative(root, path)}: top-level await keeps the package from loading through require`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function isTopLevel(node) {
  for (let parent = node.parent; parent; parent = parent.parent) {
    if (
      ts.isFunctionLike(parent) ||
      ts.isClassStaticBlockDeclaration(parent) ||
      ts.isPropertyDeclaration(parent)
    )
      return false
  }
  return true
}

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else if (entry.name.endsWith('.ts')) yield path
  }
}

const isTest = (path) => /\.(test|bench)\.ts$/.test(path)
const packageOf = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

for (const name of readdirSync(join(root, 'packages'))) {
  const folder = join(root, 'packages', name)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const dependencies = Object.keys(manifest.dependencies ?? {})
  const peers = new Set(Object.keys(manifest.peerDependencies ?? {}))
  const graph = new Map()

  if (name === 'core' && dependencies.length + peers.size > 0) problems.push('core: must have no dependency')
  for (const dependency of dependencies) {
    if (dependency.startsWith(scope) && dependency !== `${scope}core`) {
      problems.push(`${name}: depends on its sibling ${dependency}`)
    }
  }
  for (const peer of peers) {
    if (!manifest.peerDependenciesMeta?.[peer]?.optional)
      problems.push(`${name}: peer ${peer} must be optional`)
  }
  for (const [entry, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string') continue
    const conditions = Object.keys(target).join(', ')
    if (conditions !== 'types, default')
      problems.push(`${name}: export ${entry} must offer types, default; has ${conditions}`)
  }

  for (const path of files(join(folder, 'src'))) {
    const here = relative(root, path)
    const edges = []
    for (const { to, kind } of importsOf(path)) {
      if (to.startsWith('.')) {
        const target = resolve(dirname(path), to.replace(/\.js$/, '.ts'))
        if (relative(folder, target).startsWith('..'))
          problems.push(`${here}: reaches into another package (${to})`)
        if (kind === 'static') edges.push(target)
        continue
      }
      const imported = packageOf(to)
      if (to.startsWith('node:') || builtins.has(imported)) {
        if (name === 'core' && !isTest(path)) problems.push(`${here}: core may not import ${to}`)
        if (!to.startsWith('node:')) problems.push(`${here}: write node:${to}`)
        continue
      }
      if (isTest(path)) continue
      if (imported.startsWith(scope)) {
        if (imported !== `${scope}core`) problems.push(`${here}: imports its sibling ${imported}`)
        continue
      }
      if (name === 'core') problems.push(`${here}: core may not import ${to}`)
      else if (peers.has(imported)) {
        if (kind === 'static')
          problems.push(`${here}: optional peer ${imported} must be imported on first use`)
        const insideEntry = relative(join(folder, 'src'), path).includes('/')
        if (!insideEntry) problems.push(`${here}: optional peer ${imported} belongs behind its own entry`)
      } else if (kind !== 'type' && !dependencies.includes(imported)) {
        problems.push(`${here}: ${imported} is not a dependency of ${manifest.name}`)
      }
    }
    graph.set(path, edges)
  }
  findCycles(graph)
}

/** Depth-first search; an edge back into the current path is a cycle. */
function findCycles(graph) {
  const state = new Map()
  const path = []
  const visit = (node) => {
    state.set(node, 'open')
    path.push(node)
    for (const next of graph.get(node) ?? []) {
      if (state.get(next) === 'open') {
        const cycle = [...path.slice(path.indexOf(next)), next].map((file) => relative(root, file))
        problems.push(`import cycle: ${cycle.join(' -> ')}`)
      } else if (!state.has(next)) visit(next)
    }
    path.pop()
    state.set(node, 'done')
  }
  for (const node of graph.keys()) if (!state.has(node)) visit(node)
}

const lockfile = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')
for (const [index, line] of lockfile.split('\n').entries()) {
  if (/tarball:|https?:\/\//.test(line))
    problems.push(`pnpm-lock.yaml:${index + 1}: holds a download address`)
}

if (problems.length > 0) {
  console.error(problems.map((problem) => `boundary: ${problem}`).join('\n'))
  process.exit(1)
}
console.log('boundaries hold')
