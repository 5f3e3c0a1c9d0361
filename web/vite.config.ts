/** How the pages are bundled: four entries, hashed assets, no source maps, nothing from the network and no inline scripts. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { InlineConfig, Plugin } from 'vite'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Ships the font's license with the font, as the SIL Open Font License asks. */
const fontLicense: Plugin = {
  name: 'laurel-font-license',
  generateBundle() {
    const source = readFileSync(at('../node_modules/@fontsource-variable/inter/LICENSE'), 'utf8')
    this.emitFile({ type: 'asset', fileName: 'assets/inter-OFL.txt', source })
  },
}

/** The bundler's settings; `build.outDir` is replaced by `buildPages`, which swaps the folder in when it is complete. */
const config: InlineConfig = {
  root: at('.'),
  base: '/',
  configFile: false,
  logLevel: 'warn',
  plugins: [fontLicense],
  oxc: { jsx: { runtime: 'automatic' } },
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.mjs' }] }, // One copy of graphql in the explorer.
  build: {
    outDir: at('../dist/web'),
    emptyOutDir: true,
    sourcemap: false,
    assetsInlineLimit: 0, // The content security policy has no room for inline scripts; styles and fonts are cached better apart.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800, // The explorer's editor is what is large; no other page loads it.
    license: { fileName: 'assets/licenses.md' },
    rolldownOptions: {
      input: { start: at('index.html'), live: at('live.html'), explorer: at('explorer.html'), admin: at('admin.html') },
    },
  },
}

export default config
