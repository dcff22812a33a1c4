// esbuild plugins that keep `eval` and `new Function` out of the bundles. The product carries nunjucks' slim build (templates are compiled by build/generate.mjs), and none of
// the code that library has for compiling at run time.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const slim = createRequire(import.meta.url).resolve('nunjucks/browser/nunjucks-slim.js');
const replacements = [
  ['var func = new Function(source); // eslint-disable-line no-new-func', "throw new Error('Templates are compiled at build time'); var func;"],
  ['g = g || Function("return this")() || (1,eval)("this");', 'g = globalThis;'],
];

export const slimNunjucks = {
  name: 'slim-nunjucks',
  setup(build) {
    build.onResolve({ filter: /^nunjucks(\/browser\/nunjucks-slim(\.min)?\.js)?$/ }, () => ({ path: slim }));
    build.onLoad({ filter: /nunjucks-slim\.js$/ }, args => {
      let contents = fs.readFileSync(args.path, 'utf8');
      for (const [from, to] of replacements) {
        if (!contents.includes(from)) throw new Error(`nunjucks-slim.js no longer contains ${from}: look at build/no-eval.mjs`);
        contents = contents.replace(from, to);
      }
      return { contents, loader: 'js' };
    });
  },
};

/** Old libraries look for the global object with `new Function("return this")()`, which a webview's CSP forbids. */
export const plainGlobal = {
  name: 'plain-global',
  setup(build) {
    build.onLoad({ filter: /[\\/]node_modules[\\/]@microsoft[\\/].*platform\.js$/ }, args => ({
      contents: fs.readFileSync(args.path, 'utf8').replace(/new Function\("return this"\)\(\)/g, 'globalThis'), loader: 'js',
    }));
  },
};

/**
 * noVNC 1.6 ships CommonJS with a top-level await in it, which is neither. What is awaited is whether the browser can decode H.264, which
 * neither QEMU nor VirtualBox sends: it is answered with no.
 */
export const novncCommonJs = {
  name: 'novnc-commonjs',
  setup(build) {
    build.onLoad({ filter: /[\\/]@novnc[\\/]novnc[\\/]lib[\\/]util[\\/]browser\.js$/ }, args => {
      const from = 'supportsWebCodecsH264Decode = await _checkWebCodecsH264DecodeSupport()';
      const contents = fs.readFileSync(args.path, 'utf8');
      if (!contents.includes(from)) throw new Error(`noVNC's util/browser.js no longer contains ${from}: look at build/no-eval.mjs`);
      return { contents: contents.replace(from, 'supportsWebCodecsH264Decode = false'), loader: 'js' };
    });
  },
};
