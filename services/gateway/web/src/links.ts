import { authorized, hasKey } from './session';

const SOONEST_MS = 60_000;

/**
 * Tells what links to a job's files carry in the place of a key, which they cannot send: now, and anew before it expires;
 * an empty text where no key is in use. Returns what ends that.
 */
export function tokenOf(id: string, tell: (token: string) => void, failed: (error: unknown) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const renew = async () => {
    try {
      const { links, expires_at } = await authorized((server) => server.links(id));
      if (ended) return;
      const any = Object.values(links)[0] ?? '';
      tell(new URLSearchParams(any.split('?')[1]).get('token') ?? '');
      if (expires_at) timer = setTimeout(renew, Math.max(SOONEST_MS, (Date.parse(expires_at) - Date.now()) / 2));
    } catch (error) {
      if (!ended) failed(error);
    }
  };
  if (hasKey()) void renew();
  else tell('');
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
