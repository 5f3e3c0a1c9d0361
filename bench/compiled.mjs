/** Programs under measure run what ships: what they import of src is led to the compiled programs. Loaded by `--import`. */
import { registerHooks } from 'node:module'

registerHooks({ resolve: (name, context, next) => next(name.replace(/^\.\.\/src\/(.+)\.ts$/, '../dist/src/$1.js'), context) })
