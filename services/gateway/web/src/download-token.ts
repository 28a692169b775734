import { authorized, hasKey } from './api-key';

const SHORTEST_RENEWAL_MS = 60_000;

/**
 * Call `onToken` with the token that download links carry, because a link cannot send an API key.
 * Renews the token before it expires. The token is empty when no key is in use. Returns a function that stops.
 */
export function followDownloadToken(
  id: string,
  onToken: (token: string) => void,
  onError: (error: unknown) => void,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const renew = async () => {
    try {
      const { links, expires_at } = await authorized((server) => server.links(id));
      if (stopped) return;
      const [link = ''] = Object.values(links); // all links carry the same token
      onToken(new URLSearchParams(link.split('?')[1]).get('token') ?? '');
      if (expires_at)
        timer = setTimeout(renew, Math.max(SHORTEST_RENEWAL_MS, (Date.parse(expires_at) - Date.now()) / 2));
    } catch (error) {
      if (!stopped) onError(error);
    }
  };
  if (hasKey()) void renew();
  else onToken('');
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
