import { useEffect, useRef } from 'preact/hooks';

import { keyPrompt, setKey } from '../api-key';

/** Form for the API key, shown while the server requires one. The key is kept until the tab is closed. */
export function KeyForm() {
  const field = useRef<HTMLInputElement>(null);
  const prompt = keyPrompt.value;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the field appears when the signal's value changes.
  useEffect(() => {
    if (prompt) field.current?.focus();
  }, [prompt]);
  if (!prompt) return null;
  const use = (event: Event) => {
    event.preventDefault();
    setKey(field.current!.value.trim());
  };
  return (
    <form class="card keyform" onSubmit={use}>
      <p id="key-hint" role="status">
        {prompt}
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
