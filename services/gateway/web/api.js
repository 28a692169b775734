/** Requests to the API, with the person's key where it wants one. */

const KEY = 'karaoke-key';

const element = (id) => document.getElementById(id);
const given = () => sessionStorage.getItem(KEY);
let asking = null; // while the form is open

/** The headers that say who asks; none until a key was needed. */
export function credentials() {
  return given() ? { Authorization: `Bearer ${given()}` } : {};
}

/** As `fetch`; where a key is needed it asks the person, and then the API again. */
export async function call(path, signal) {
  for (;;) {
    const sent = given();
    const response = await fetch(path, { headers: credentials(), signal });
    if (response.status !== 401) return response;
    if (sent === given()) await askForKey();
  }
}

/** Resolves once the person has given a key. */
export function askForKey() {
  asking ??= new Promise((resolve) => {
    element('key-hint').textContent = given() ? 'This key is not valid here. Please check it.' : 'A key is needed here.';
    element('key-form').hidden = false;
    element('key').focus();
    element('key-form').addEventListener('submit', (event) => {
      event.preventDefault();
      sessionStorage.setItem(KEY, element('key').value.trim());
      element('key-form').reset();
      element('key-form').hidden = true;
      asking = null;
      resolve();
    }, { once: true });
  });
  return asking;
}

/**
 * Where a job's results can be played and saved, by their names in its document, and when that ends (null: never).
 * Elements cannot send a key; with one in use they get links that need none. Rejects when there is no answer.
 */
export async function linksOf(job) {
  const fields = [job.stem_separation, job.transcription, job.beat_analysis].flatMap(Object.entries);
  const links = Object.fromEntries(fields.filter(([name, value]) => name.endsWith('_path') && value));
  if (!given() || !Object.keys(links).length) return { links, expires_at: null };
  const response = await call(`/api/jobs/${encodeURIComponent(job.job_id)}/links`);
  if (!response.ok) throw new Error(`no links: ${response.status}`);
  return response.json();
}
