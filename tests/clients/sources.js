/**
 * Loads the clients under test as modules: our examples, and code blocks of the published guide.
 *
 * They are written to .run/ (ignored by git), because Node.js resolves `import 'react'` from the folder of the
 * module, and docs/examples has no node_modules.
 */

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compileScript, compileTemplate, parse, rewriteDefault } from 'vue/compiler-sfc';

const here = path.dirname(fileURLToPath(import.meta.url));
const project = path.resolve(here, '../..');
const guide = path.resolve(project, process.env.CONTRACT_GUIDE ?? '../shared/reference/job-status-api.md');

export const guideMissing = existsSync(guide)
  ? false
  : `the published guide is not at ${path.relative(project, guide)}`;

/** Import one of docs/examples, together with the monitor.js that it imports. */
export async function example(file) {
  const source = (name) => readFile(path.join(project, 'docs/examples', name), 'utf8');
  await module('examples/monitor.js', await source('monitor.js'));
  return module(`examples/${file}`, await source(file));
}

/** Return the first code block below the guide's heading that starts with `heading`. */
export async function guideSource(heading) {
  const [, section] = (await readFile(guide, 'utf8')).split(`### ${heading}`);
  return section.match(/```\w+\n([\s\S]*?)```/)[1];
}

/** Import `source` as the module `file`. A .vue source is compiled first. */
export async function module(file, source) {
  const target = path.join(here, '.run', file.replace('.vue', '.vue.js'));
  const draft = `${target}.${randomUUID()}`; // renamed when complete, because another test may be importing the module
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(draft, file.endsWith('.vue') ? compile(source, file) : source);
  await rename(draft, target);
  return import(pathToFileURL(target));
}

function compile(source, filename) {
  const { descriptor, errors } = parse(source, { filename });
  const script = compileScript(descriptor, { id: filename });
  const template = compileTemplate({
    id: filename,
    filename,
    source: descriptor.template.content,
    compilerOptions: { bindingMetadata: script.bindings },
  });
  const [error] = [...errors, ...template.errors];
  if (error) throw error;
  return `${rewriteDefault(script.content, 'component')}
    ${template.code}
    component.render = render;
    export default component;`;
}
