/** Makes this process look like a browser that has opened BASE_URL. Import it before React or Vue. */

import { JSDOM } from 'jsdom';

export const { BASE_URL = 'http://127.0.0.1:8000' } = process.env;

export const { window } = new JSDOM('', { url: BASE_URL });
for (const name of ['window', 'document', 'navigator', 'Element', 'HTMLElement', 'SVGElement', 'Node']) {
  // Defined, not assigned: newer Nodes have a read-only `navigator` of their own.
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true });
}

// Node's fetch knows no page, so it cannot resolve '/api/…' by itself.
const { fetch } = globalThis;
globalThis.fetch = (url, init) => fetch(new URL(url, BASE_URL), init);

/** A new element on the page, for one client to live in. */
export function container() {
  return document.body.appendChild(document.createElement('div'));
}

/** Resolves to the first truthy `read()`. Rejects with what the page shows when that takes `seconds`. */
export async function until(read, { seconds = 120, page = document.body } = {}) {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; ) {
    const value = read();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`still waiting for ${read} after ${seconds} s; the page shows: ${page.textContent}`);
}
