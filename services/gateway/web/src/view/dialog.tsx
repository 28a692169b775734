import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { Icon } from './icon';

/** A modal dialog. Escape and a click outside close it. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  const outside = (event: MouseEvent) => event.target === box.current && onClose();
  return (
    <dialog ref={box} aria-label={title} onClose={onClose} onClick={outside}>
      <div class="inside">
        <header>
          <h2>{title}</h2>
          <button type="button" class="quiet only" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
