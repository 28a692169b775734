import { useEffect, useRef } from 'preact/hooks';

import { giveKey, keyWanted } from '../session';

/** Asks for the key when the server wants one. It is kept as long as the tab. */
export function KeyForm() {
  const field = useRef<HTMLInputElement>(null);
  const why = keyWanted.value;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `why` is the value of a signal, and the field appears with it.
  useEffect(() => {
    if (why) field.current?.focus();
  }, [why]);
  if (!why) return null;
  const use = (event: Event) => {
    event.preventDefault();
    giveKey(field.current!.value.trim());
  };
  return (
    <form class="card keyform" onSubmit={use}>
      <p id="key-hint" role="status">
        {why}
      </p>
      <label for="key">Key</label>
      <input
        id="key"
        ref={field}
        type="password"
        autocomplete="current-password"
        pattern="\s*[!-~]+\s*"
        title="Letters, digits and signs"
        aria-describedby="key-hint"
        required
      />
      <button type="submit" class="primary">
        Use this key
      </button>
    </form>
  );
}
