// Puts the page's script and its chart library together: node build.mjs NODE_MODULES OUT
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [modules, out] = process.argv.slice(2).map((path) => resolve(path));
const esbuild = createRequire(join(modules, 'x'))('esbuild');
await esbuild.build({
  entryPoints: [join(dirname(fileURLToPath(import.meta.url)), 'main.js')],
  outfile: out,
  nodePaths: [modules],
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['es2022'],
  charset: 'utf8',
  legalComments: 'inline',
  loader: { '.css': 'text' },
  banner: { js: '// Built by src/page/web/build.mjs. Holds uPlot (https://github.com/leeoniya/uPlot), MIT License, Copyright (c) Leon Sorokin.' },
});
