const PATHS = {
  play: 'M8 5.2v13.6c0 .8.9 1.3 1.6.8l10.2-6.8a1 1 0 0 0 0-1.6L9.6 4.400c-.7-.5-1.600 0-1.600.8Z',
  pause: 'M7 4.500h3.500v15H7zM13.500 4.500H17v15h-3.500z',
  mic: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3Zm-6.500 8.500a6.500 6.500 0 0 0 13 0M12 18v3.200',
  download: 'M12 4v11m-4.500-4 4.500 4.500 4.500-4.500M5 20h14',
  edit: 'm4.500 19.500.8-4L16 4.800a1.700 1.700 0 0 1 2.400 0l.8.8a1.700 1.700 0 0 1 0 2.400L8.500 18.700Z',
  bin: 'M5 7h14M10 7V4.500h4V7m-7 0 .8 12.500h8.400L17 7m-6.500 3.500v6m3-6v6',
  back: 'M14.500 5 8 12l6.500 7',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  close: 'm6 6 12 12M18 6 6 18',
  keys: 'M4 7h16v10H4zM7.500 10.500h.01M11 10.500h.01M14.500 10.500h.01M17 10.500h.01M8.500 14h7',
} as const;

/** A decorative icon, hidden from screen readers: the element around it must have a text or label. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  const solid = name === 'play' || name === 'pause';
  return (
    <svg class={solid ? 'icon solid' : 'icon'} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
