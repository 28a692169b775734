import { signal } from '@preact/signals';

/** The id of the open job: the fragment of the page's URL, `#<job_id>`. Null on the home page. */
export const openJobId = signal(jobIdInUrl());
window.addEventListener('hashchange', () => (openJobId.value = jobIdInUrl()));

/** Open a job, or the home page with null. Does not wait for the browser's `hashchange` event. */
export function openJob(id: string | null): void {
  location.hash = id ?? '';
  openJobId.value = jobIdInUrl();
}

function jobIdInUrl(): string | null {
  try {
    return decodeURIComponent(location.hash.slice(1)) || null;
  } catch {
    return null; // a malformed fragment, such as a lone `%`
  }
}
