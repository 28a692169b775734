import { Karaoke, KaraokeError } from '@karaoke/client';
import { computed, signal } from '@preact/signals';

const STORED = 'karaoke-key';

const key = signal(sessionStorage.getItem(STORED));

/** The server, asked with the person's key once there is one. */
export const karaoke = computed(() => new Karaoke({ key: key.value }));

/** Why a key is asked for; null while none is. */
export const keyWanted = signal<string | null>(null);
let given: (() => void)[] = [];

/** Does something with the server; where that wants a key it asks the person for one, and then the server again. */
export async function authorized<T>(action: (server: Karaoke) => Promise<T>): Promise<T> {
  for (;;) {
    const server = karaoke.value;
    try {
      return await action(server);
    } catch (error) {
      if (!(error instanceof KaraokeError && error.status === 401)) throw error;
      if (server !== karaoke.value) continue; // another request has asked meanwhile
      keyWanted.value = key.value ? 'This key is not valid here. Please check it.' : 'A key is needed here.';
      await new Promise<void>((resolve) => given.push(resolve));
    }
  }
}

export function giveKey(text: string): void {
  sessionStorage.setItem(STORED, text);
  key.value = text;
  keyWanted.value = null;
  const waiting = given;
  given = [];
  for (const resolve of waiting) resolve();
}

export function hasKey(): boolean {
  return key.value !== null;
}
