import { signal } from '@preact/signals';

/** The job that the address names, `#<job_id>`. */
export const openId = signal(named());
window.addEventListener('hashchange', () => (openId.value = named()));

/** At once; the browser tells of the new address only a little later. */
export function open(id: string | null): void {
  location.hash = id ?? '';
  openId.value = named();
}

function named(): string | null {
  try {
    return decodeURIComponent(location.hash.slice(1)) || null;
  } catch {
    return null; // an address that was not written here
  }
}
