import { signal } from '@preact/signals';

const named = () => decodeURIComponent(location.hash.slice(1)) || null;

/** The job that the address names, `#<job_id>`. */
export const openId = signal(named());
window.addEventListener('hashchange', () => (openId.value = named()));

export function open(id: string | null): void {
  location.hash = id ?? '';
}
