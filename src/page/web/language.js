// A browser whose system has no language (LANG=C) may name one that is none, which the chart library takes for good.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en' });
}
