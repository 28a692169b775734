/** Sets up a simulated browser (jsdom) that has opened BASE_URL. Import it before React or Vue. */

import { JSDOM } from 'jsdom';

export const { BASE_URL = 'http://127.0.0.1:8000' } = process.env;

export const { window } = new JSDOM('', { url: BASE_URL });
for (const name of ['window', 'document', 'navigator', 'Element', 'HTMLElement', 'SVGElement', 'Node']) {
  // `defineProperty` instead of an assignment, because Node.js 21 and later has a read-only `navigator`.
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true });
}

// Node's fetch has no base URL, so it cannot resolve '/api/…' by itself.
const { fetch } = globalThis;
globalThis.fetch = (url, init) => fetch(new URL(url, BASE_URL), init);

/** Return a new element of the page, for one client to render into. */
export function container() {
  return document.body.appendChild(document.createElement('div'));
}

/** Resolve to the first truthy `read()`. After `seconds`, reject with the text that the page shows. */
export async function until(read, { seconds = 120, page = document.body } = {}) {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; ) {
    const value = read();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`still waiting for ${read} after ${seconds} s; the page shows: ${page.textContent}`);
}
