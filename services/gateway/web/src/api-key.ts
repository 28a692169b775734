import { Karaoke, KaraokeError } from '@karaoke/client';
import { computed, signal } from '@preact/signals';

const STORAGE_KEY = 'karaoke-key';

const key = signal(sessionStorage.getItem(STORAGE_KEY));

/** Client of the server, with the user's API key once there is one. */
export const karaoke = computed(() => new Karaoke({ key: key.value }));

/** Text that asks the user for a key; null while no key is needed. */
export const keyPrompt = signal<string | null>(null);
let waiting: (() => void)[] = [];

/** Run an action with the client. When the server requires a key, ask the user for it and run the action again. */
export async function authorized<T>(action: (server: Karaoke) => Promise<T>): Promise<T> {
  for (;;) {
    const server = karaoke.value;
    try {
      return await action(server);
    } catch (error) {
      if (!(error instanceof KaraokeError && error.status === 401)) throw error;
      if (server !== karaoke.value) continue; // another request has already got a new key
      keyPrompt.value = key.value ? 'This key is not valid here. Please check it.' : 'A key is needed here.';
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }
}

export function setKey(text: string): void {
  sessionStorage.setItem(STORAGE_KEY, text);
  key.value = text;
  keyPrompt.value = null;
  const resolves = waiting;
  waiting = [];
  for (const resolve of resolves) resolve();
}

export function hasKey(): boolean {
  return key.value !== null;
}
